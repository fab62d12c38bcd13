# SPDX-License-Identifier: Apache-2.0
"""Known weaknesses: building the database, looking packages up in it, and pip-audit on the same packages where it is installed.

    python bench/advisories.py [FOLDER]

FOLDER holds published archives (ECOSYSTEM/all.zip). Without one, 2,661 advisories of the usual shape are made up: their number is
that of PyPA's database in November 2026. CPU seconds of this process, best of three.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

ADVISORIES, PROJECTS, PACKAGES = 2661, 700, 692
DICE = random.Random(7)


def best(action: Callable[[], object]) -> float:
    """Return the best CPU time of three runs."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        action()
        found.append(time.process_time() - begun)
    return min(found)


def row(name: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{name:<64} {seconds * 1000:>9.1f} ms  {note}")


def made_up(folder: Path) -> None:
    """Write an archive: two ranges each, and every affected version listed, as PyPA's records have them."""
    (folder / "PyPI").mkdir(parents=True)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with zipfile.ZipFile(folder / "PyPI" / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(ADVISORIES):
            major = DICE.randint(1, 9)
            events = [[{"introduced": "0"}, {"fixed": f"{major}.3.1"}], [{"introduced": f"{major + 1}.0"}, {"fixed": f"{major + 1}.2"}]]
            record = {
                "id": f"PYSEC-2026-{number}",
                "modified": stamp,
                "aliases": [f"CVE-2026-{number}"],
                "summary": "a weakness of the usual kind",
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
                "affected": [
                    {
                        "package": {"ecosystem": "PyPI", "name": f"package-{DICE.randint(0, PROJECTS)}"},
                        "ranges": [{"type": "ECOSYSTEM", "events": each} for each in events],
                        "versions": [f"{one}.{two}" for one in range(major + 1) for two in range(10)],
                    }
                ],
            }
            archive.writestr(f"{record['id']}.json", json.dumps(record))


def peer(folder: Path, lock: Path) -> None:
    """Run pip-audit on the same lock; without a network it fails, and that is said."""
    command = shutil.which("pip-audit") or shutil.which("pip-audit", path=str(Path(sys.executable).parent))
    if not command:
        print("pip-audit is not installed")
        return
    begun = time.perf_counter()
    done = subprocess.run(
        [command, "-r", str(lock), "--no-deps", "--disable-pip", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    taken = time.perf_counter() - begun
    row("pip-audit, the same packages, wall, with the network", taken, f"exit {done.returncode}: {done.stderr.strip()[-120:]}")


@contextlib.contextmanager
def place() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure everything."""
    from pipeline_guard.adapters.advisories.database import SqliteAdvisories, SqlitePress
    from pipeline_guard.adapters.advisories.folder import FolderFeed
    from pipeline_guard.adapters.clock import SystemClock
    from pipeline_guard.adapters.files import LocalFiles
    from pipeline_guard.adapters.terminal import SilentProgress
    from pipeline_guard.adapters.tree import LocalTree
    from pipeline_guard.flows.advisories import AdvisoryDoors, build
    from pipeline_guard.flows.gate_packages import AdviseDoors, AdvisoryAccess, advise, packages_of
    from pipeline_guard.flows.verify import VerifyDoors
    from pipeline_guard.gate.facts import AdvisoryFacts
    from pipeline_guard.gate.manifest.requirements import parse
    from pipeline_guard.gate.versions.order import version_key
    from pipeline_guard.model.gate_settings import AdvisorySettings, GateSettings

    with place() as folder:
        source = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "feed"
        if len(sys.argv) < 2:
            made_up(source)
        database = str(folder / "db")

        def unused() -> None:
            raise AssertionError

        making = AdvisoryDoors(
            FolderFeed(str(source)),
            SqlitePress(),
            LocalFiles(),
            LocalTree(),
            SystemClock(),
            SilentProgress(),
            unused,  # type: ignore[arg-type]
        )
        built = build(database, str(source), "", "bench", doors=making)
        count = sum(number for _, number in built.facts.records)
        row(f"database of {count:,} advisories", best(lambda: build(database, str(source), "", "bench", doors=making)), "once a snapshot")
        print(f"{'size of the database':<64} {Path(database).stat().st_size / 1e6:>9.1f} MB")
        hashed = f" --hash=sha256:{'a' * 64}\n"
        text = "".join(
            f"package-{number}=={DICE.randint(0, 12)}.{DICE.randint(0, 9)}.{DICE.randint(0, 3)}{hashed}" for number in range(PACKAGES)
        )
        packages = packages_of([parse(text.encode(), "requirements.txt")])
        access = AdvisoryAccess(SqliteAdvisories, lambda _: unused())  # type: ignore[arg-type,return-value]
        looking = AdviseDoors(access, VerifyDoors(LocalFiles(), LocalTree(), SystemClock()), SystemClock(), lambda _: "")
        settings = GateSettings(advisories=AdvisorySettings(database=database))
        found = advise(packages, (), settings, doors=looking).found
        known = sum(len(item.weaknesses) for _, item in found if isinstance(item, AdvisoryFacts))
        version_key.cache_clear()
        begun = time.process_time()
        advise(packages, (), settings, doors=looking)
        row(f"{PACKAGES} packages looked up, cold ({known} weaknesses)", time.process_time() - begun)
        row(f"{PACKAGES} packages looked up, hot", best(lambda: advise(packages, (), settings, doors=looking)), "aim 100")
        print(f"{'peak memory':<64} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>9.1f} MB")
        lock = folder / "requirements.txt"
        lock.write_text(text)
        peer(folder, lock)


if __name__ == "__main__":
    main()
