# SPDX-License-Identifier: Apache-2.0
"""Measure scanning, beside peers where they are on PATH: `python bench/scan.py [FOLDER] [--quick] [--only CASE] [--commits N]`.

One small file, a repository of a hundred, one of 5 MB, a tree, and a history (the folder's own, or N commits made here, of which 2,500
have 0.5 GB unpacked), with a cold and a warm cache; then kingfisher, gitleaks, trufflehog and detect-secrets on the same, in the same
run. Prints wall and CPU seconds, the largest memory of the whole family of processes, and ratios to ours with a warm cache (over 1:
ours is quicker). Without a folder the Python library's sources are the tree. CASE is small, hundred, five, tree or history.
"""

from __future__ import annotations

import io
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUARD = [sys.executable, "-m", "pipeline_guard", "scan", "--quiet", "--output", f"json={os.devnull}"]
CLEAN = (0, 1, 6, 183, 200)  # exit codes of the tools for "looked, and found something or not"


@dataclass(frozen=True)
class Run:
    """Seconds of wall and CPU, and the peak of resident memory in MB, shared pages counted once."""

    wall: float
    cpu: float
    memory: float


def family(process: int) -> list[int]:
    """Return a process and all its descendants."""
    found, pending = [], [process]
    while pending:
        one = pending.pop()
        found.append(one)
        try:
            pending += [int(word) for word in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except OSError:
            continue
    return found


def resident(process: int) -> float:
    """Return the proportional set size of a family in MB; 0.0 where the system does not tell."""
    total = 0
    for one in family(process):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024


def measure(words: list[str], folder: Path, home: Path) -> Run:
    """Run one command to its end."""
    environment = {**os.environ, "PIPELINE_GUARD_HOME": str(home), "KF_RULE_CACHE_DIR": str(home / "kingfisher"), "PYTHONPATH": str(ROOT)}
    before, begun, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=errors) as running:
            while True:
                try:
                    running.wait(0.1)
                    break
                except subprocess.TimeoutExpired:
                    peak = max(peak, resident(running.pid))
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if running.returncode not in CLEAN:
            errors.seek(0)
            raise SystemExit(f"{words[0]} ended with {running.returncode}: {errors.read()[-300:].decode(errors='replace')}")
    return Run(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


def peers(target: str, *, history: bool, report: str) -> dict[str, list[str]]:
    """Return the command lines of the peers that are installed: nothing that asks the network."""
    full = "full" if history else "none"
    known = {
        "kingfisher": ["kingfisher", "scan", "--no-validate", "--no-update-check", "--git-history", full, "--format", "json", target],
        "gitleaks": ["gitleaks", "git" if history else "dir", "--no-banner", "--redact", "--report-path", report, target],
        "trufflehog": [
            "trufflehog",
            *(["git", f"file://{target}"] if history else ["filesystem", target]),
            "--no-verification",
            "--no-update",
        ],
    }
    if not history:
        known["detect-secrets"] = ["detect-secrets", "-C", target, "scan", "--all-files"]
    return {name: words for name, words in known.items() if shutil.which(name)}


def show(name: str, runs: list[Run], ours: Run | None = None) -> Run:
    """Print the medians of some runs, and their ratios to ours."""
    middle = Run(*(statistics.median(getattr(run, field) for run in runs) for field in ("wall", "cpu", "memory")))
    ratio = f"{middle.wall / ours.wall:7.1f}x {middle.cpu / ours.cpu:7.1f}x" if ours else ""
    memory = f"{middle.memory:7.0f}" if middle.memory else "      -"
    print(f"  {name:<28} {middle.wall:8.2f} {middle.cpu:8.2f} {memory}  {ratio}", flush=True)
    return middle


def sources() -> list[Path]:
    """Return files of Python's library of 8 to 150 kB."""
    found = sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py"))
    return [path for path in found if "site-packages" not in path.parts and 8_000 < path.stat().st_size < 150_000]


def hundred(folder: Path) -> None:
    """Make a repository of a hundred files of 500 bytes."""
    folder.mkdir()
    for number, path in enumerate(sources()[:100]):
        (folder / f"m{number}.py").write_bytes(path.read_bytes()[2_000:2_500])
    git(folder, "init", "-q")


def five(folder: Path) -> None:
    """Make a repository of 5 MB."""
    folder.mkdir()
    size = 0
    for number, path in enumerate(sources()):
        size += path.stat().st_size
        if size > 5_000_000:
            break
        shutil.copy(path, folder / f"m{number}.py")
    git(folder, "init", "-q")


def git(folder: Path, *words: str, content: bytes | None = None) -> None:
    """Run git, or end."""
    subprocess.run(["git", "-C", str(folder), *words], input=content, check=True, stdout=subprocess.DEVNULL)


def edited(folder: Path, commits: int) -> None:
    """Make a history: each commit edits six of 600 files at up to five places each, always the same way."""
    folder.mkdir()
    git(folder, "init", "-q")
    chance = random.Random(11)  # the same history each time
    files = {f"src/{number}/{path.name}": path.read_bytes().split(b"\n") for number, path in enumerate(sources()[:600])}
    pool = [line for lines in list(files.values())[:200] for line in lines]
    stream = io.BytesIO()
    for number in range(commits + 1):
        stream.write(b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 6\nedit\n\n" % (1_700_000_000 + number * 60))
        for name in chance.sample(list(files), 6) if number else list(files):
            lines = files[name]
            for _ in range(chance.randrange(1, 6) if number else 0):
                place = chance.randrange(len(lines))
                lines[place : place + chance.randrange(3)] = chance.sample(pool, chance.randrange(4))
            body = b"\n".join(lines)
            stream.write(b"M 100644 inline %s\ndata %d\n" % (name.encode(), len(body)) + body + b"\n")
    git(folder, "fast-import", "--quiet", content=stream.getvalue())
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git(folder, "gc", "-q")
    git(folder, "reset", "-q", "--hard")


def after(flag: str) -> str:
    """Return the word behind a flag; "" where it is not given."""
    return sys.argv[sys.argv.index(flag) + 1] if flag in sys.argv[:-1] else ""


def main() -> None:
    """Measure every case."""
    only, commits = after("--only"), after("--commits")
    words = [word for word in sys.argv[1:] if not word.startswith("--") and word not in (only, commits)]
    rounds = 1 if "--quick" in sys.argv else 3
    tree = Path(words[0] if words else sysconfig.get_paths()["stdlib"]).absolute()
    with tempfile.TemporaryDirectory() as scratch:
        home, small = Path(scratch, "home"), Path(scratch, "small")
        small.mkdir()
        (small / "a.py").write_text("print('hello')\n" * 200)
        hundred(Path(scratch, "hundred"))
        five(Path(scratch, "five"))
        cases = [
            ("small", "one small file", small, ["."]),
            ("hundred", "100 files, 50 kB", Path(scratch, "hundred"), ["."]),
            ("five", "a repository of 5 MB", Path(scratch, "five"), ["."]),
            ("tree", f"tree {tree}", tree, ["."]),
        ]
        if commits:
            edited(Path(scratch, "edited"), int(commits))
            cases.append(("history", f"history of {commits} commits", Path(scratch, "edited"), ["--history"]))
        elif (tree / ".git").exists():
            cases.append(("history", f"history of {tree}", tree, ["--history"]))
        for title, folder, choice in ((title, folder, choice) for case, title, folder, choice in cases if only in ("", case)):
            print(f"{title}\n  {'':<28} {'wall s':>8} {'CPU s':>8} {'MB':>7}  {'wall':>8} {'CPU':>8}")
            cold = []
            for _ in range(rounds):
                shutil.rmtree(home, ignore_errors=True)
                cold.append(measure(GUARD + choice, folder, home))
            ours_cold = show("pipeline-guard, cold", cold)
            ours = show("pipeline-guard, warm", [measure(GUARD + choice, folder, home) for _ in range(rounds)])
            found = peers(str(folder), history=choice == ["--history"], report=str(Path(scratch, "report.json")))
            for name, command in found.items():
                shutil.rmtree(home / "kingfisher", ignore_errors=True)
                first = measure(command, folder, home)
                if name == "kingfisher":  # the only peer with a cache; its cold run against our cold run
                    show(f"{name}, cold (to our cold)", [first], ours_cold)
                    show(f"{name}, warm", [measure(command, folder, home) for _ in range(rounds)], ours)
                else:
                    show(name, [first], ours)
            if not found:
                print("  no peer on PATH: install kingfisher-bin, detect-secrets, gitleaks or trufflehog in an environment of their own")


if __name__ == "__main__":
    main()
