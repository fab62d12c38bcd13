# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing of everything that reads stored bytes: ``python tests/fuzz/readers.py [SECONDS]``.

Needs atheris, which is no dependency of the tests; without it this says so. The first byte chooses the file's name, the rest
is the file. An exception, a text that leads out of the file, or more than five seconds for one file is a finding.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["pipeline_guard.scan"]):
    from pipeline_guard.model.limits import Limits
    from pipeline_guard.model.verdict import Unchecked
    from pipeline_guard.scan.lines import Lines
    from pipeline_guard.scan.read import fragments

from tests.fakes.stored import FORMATS

LIMITS = Limits(unpacked=4_000_000, member=1_000_000, members=500, decoded=1_000_000)
NAMES = sorted({path for path, _, _ in FORMATS.values()})


def read(raw: bytes) -> None:
    """Read one file as the scanner does."""
    if not raw:
        return
    path, data = NAMES[raw[0] % len(NAMES)], raw[1:]
    total = 0
    for one in fragments(path, data, LIMITS):
        if isinstance(one, Unchecked):
            continue
        total += len(one.data)
        page = data if one.page is None else one.page.data
        for start, end in ((0, len(one.data)), (len(one.data) - 1, len(one.data)), (0, 1)):
            if 0 <= start < end <= len(one.data) and (span := one.stored(start, end)) is not None:
                if not 0 <= span[0] <= span[1] <= len(page):
                    raise AssertionError(f"{one.decoded_from}: {span} leads out of {len(page)} bytes")
                Lines(page).location(path, span)
    if total > 64_000_000:
        raise AssertionError(f"{total} bytes of text from {len(data)}")


def main() -> None:
    """Fuzz for the seconds given, from one sample of every format."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as folder:
        for index, (path, make, _) in enumerate(FORMATS.values()):
            (Path(folder) / str(index)).write_bytes(bytes((NAMES.index(path),)) + make("k=AbCdEf0123456789AbCdEf0123456789"))
        atheris.Setup(
            [sys.argv[0], folder, f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=8192"],
            read,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
