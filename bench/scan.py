# SPDX-License-Identifier: Apache-2.0
"""Measure scanning, beside peers where they are installed: `python bench/scan.py [FOLDER]`.

Prints wall and CPU seconds of one small file, a tree and a history, each with a cold and a warm cache, then ratios.
A repository of any size may be named; without one, the Python library's sources are the tree.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

GUARD = [sys.executable, "-m", "pipeline_guard", "scan", "--quiet", "--format", "json"]
ROUNDS = 5


def measure(words: list[str], folder: Path, home: Path) -> tuple[float, float]:
    """Run one command; return wall and CPU seconds, git's own included."""
    environment = {**os.environ, "PIPELINE_GUARD_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 6, 200):
        raise SystemExit(f"{words[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[:300]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peers(target: str) -> dict[str, list[str]]:
    """Return the command lines of the peers that are installed for one target."""
    known = {
        "kingfisher": ["kingfisher", "scan", "--no-validate", "--no-update-check", "--git-history", "none", "--format", "json", target],
        "detect-secrets": ["detect-secrets", "-C", target, "scan", "--all-files"],
    }
    return {name: words for name, words in known.items() if shutil.which(name)}


def show(name: str, runs: list[tuple[float, float]], ours: tuple[float, float] | None = None) -> tuple[float, float]:
    """Print the median and spread of some runs, and their ratio to ours."""
    wall, cpu = (statistics.median(values) for values in zip(*runs, strict=True))
    spread = max(run[0] for run in runs) - min(run[0] for run in runs)
    ratio = f"  {wall / ours[0]:6.1f}x wall, {cpu / ours[1]:6.1f}x CPU of ours" if ours else ""
    print(f"  {name:<28} {wall:8.3f} s wall (spread {spread:.3f})  {cpu:8.3f} s CPU{ratio}")
    return wall, cpu


def main() -> None:
    """Measure every case."""
    tree = Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_paths()["stdlib"]).absolute()
    with tempfile.TemporaryDirectory() as scratch:
        home, small = Path(scratch, "home"), Path(scratch, "small")
        small.mkdir()
        (small / "a.py").write_text("print('hello')\n" * 200)
        cases = {"one small file": (small, []), f"tree {tree}": (tree, ["."])}
        if (tree / ".git").exists():
            cases["history"] = (tree, ["--history"])
        for title, (folder, words) in cases.items():
            print(title)
            cold = []
            for _ in range(2):
                shutil.rmtree(home, ignore_errors=True)
                cold.append(measure(GUARD + words, folder, home))
            show("pipeline-guard, cold cache", cold)
            ours = show("pipeline-guard, warm cache", [measure(GUARD + words, folder, home) for _ in range(ROUNDS)])
            found = {} if title == "history" else peers(str(folder))
            for name, command in found.items():
                measure(command, folder, home)  # its own caches shall be warm too
                show(name, [measure(command, folder, home) for _ in range(2)], ours)
            if not found:
                print("  no peer to compare with: pip install kingfisher-bin detect-secrets in this environment")


if __name__ == "__main__":
    main()
