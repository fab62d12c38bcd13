# SPDX-License-Identifier: Apache-2.0
"""How long a step takes: set-up and scan of a small repository, cold, with kept wheels, and as a second step of the same job.

``python bench/shells.py [RUNS]`` prints the table of docs/shells.md. Cold fetches from the package index, so that part is the network's.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODES = {"cold": "nothing is there", "warm": "another job of the same machine left its wheels", "again": "a second step of the same job"}


def prepare(folder: Path, mode: str) -> None:
    """Take away what the mode does not have."""
    for place in {"cold": ("temp", "tools", "home"), "warm": ("temp", "home"), "again": ()}[mode]:
        shutil.rmtree(folder / place, ignore_errors=True)
    for place in ("temp", "home"):  # a new job has compiled no rules
        (folder / place).mkdir(exist_ok=True)
    if mode != "again":  # a checkout of the action is new in every job, and not compiled
        shutil.rmtree(folder / "action", ignore_errors=True)
        subprocess.run(["git", "clone", "-q", "--depth", "1", ROOT.as_uri(), str(folder / "action")], check=True)


def measure(folder: Path, words: list[str], path: str) -> tuple[float, float]:
    """Return seconds on the clock and of the processor."""
    ours = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "VIRTUAL_ENV")  # of who measures, not of a runner
    environ = {name: value for name, value in os.environ.items() if name not in ours}
    environ |= {"RUNNER_TEMP": str(folder / "temp"), "RUNNER_TOOL_CACHE": str(folder / "tools"), "PATH": path, "HOME": str(folder / "home")}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["bash", *words], cwd=folder / "app", env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int) -> None:
    """Print the table."""
    uv = shutil.which("uv")
    # the interpreter itself, as a runner has it: a shim that chooses one (pyenv) costs more than the second step
    first = str(Path(sys.executable).resolve().parent)
    plain = ":".join([first, *(place for place in os.environ["PATH"].split(":") if not (Path(place) / "uv").exists())])
    print("| step | installed by | cold | warm | again |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = folder / "app"
        app.mkdir()
        subprocess.run(["git", "init", "-q", str(app)], check=True)
        for number in range(100):
            (app / f"file{number}.py").write_text(f"print({number})\n" * 50)
        setup, run = (str(folder / "action" / "actions" / "_setup" / script) for script in ("setup.sh", "run.sh"))
        steps = {
            "scan, whole": [run, "scan"],
            "scan, set-up": [setup, "scan"],
            "gate, set-up": [setup, "gate"],
            "sign, set-up": [setup, "sign"],
        }
        for step, words in steps.items():
            for way, path in (("pip", plain), *([("uv", f"{Path(uv).parent}:{plain}")] if uv else [])):
                cells = []
                for mode in MODES:
                    found = []
                    for _ in range(runs):
                        prepare(folder, mode)
                        found.append(measure(folder, words, path))
                    clock, processor = (statistics.median(values) for values in zip(*found, strict=True))
                    cells.append(f"{clock:.1f} s ({processor:.1f})")
                print(f"| {step} | {way} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
