# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing of the readers of locks and manifests and the checks behind them: ``python tests/fuzz/locks.py [SECONDS]``.

Needs atheris, which is no dependency of the tests; without it this says so. The first byte chooses the format, the rest is the
file. Any exception but UsageError, or more than five seconds for one file, is a finding.
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

with atheris.instrument_imports(include=["pipeline_guard.gate"]):
    from pipeline_guard.errors import UsageError
    from pipeline_guard.gate.facts import Kind
    from pipeline_guard.gate.manifest.formats import FORMATS, format_of
    from pipeline_guard.gate.manifest.redirects import READERS
    from pipeline_guard.gate.registry import RULES
    from pipeline_guard.model.gate_settings import GateSettings

from tests.unit.gate.locks import SAMPLES


def read(raw: bytes) -> None:
    """Read one lock and judge it, or read one manifest."""
    if not raw:
        return
    at = raw[0] % (len(FORMATS) + len(READERS))
    try:
        if at >= len(FORMATS):
            list(READERS[at - len(FORMATS)].read(raw[1:], "x"))
            return
        lock = FORMATS[at].parse(raw[1:], "x")
    except UsageError:
        return
    for rule in RULES:
        if rule.kind is Kind.LOCK:
            list(rule.check(lock, GateSettings()))


def main() -> None:
    """Fuzz for the seconds given, from one sample of every format."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as folder:
        for index, sample in enumerate(SAMPLES):
            kind = format_of(sample.path, sample.content)
            if kind is not None:
                (Path(folder) / str(index)).write_bytes(bytes((FORMATS.index(kind),)) + sample.content)
        atheris.Setup([sys.argv[0], folder, f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=8192"], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
