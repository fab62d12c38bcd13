# SPDX-License-Identifier: Apache-2.0
"""How long short commands take, as whole processes: median of several runs, in milliseconds and as a ratio to bare Python."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 9


def median(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Return the median wall time of ``RUNS`` runs in milliseconds, after one that is not counted."""
    times = []
    for number in range(RUNS + 1):
        begun = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if number:
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print one row a command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PIPELINE_GUARD_HOME": str(folder / "home")}
        guard = [sys.executable, "-m", "pipeline_guard"]
        (folder / "small.py").write_text("x = 1\n")
        (folder / "bound").mkdir()
        (folder / "bound" / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
        for words, stdin in ((["secrets", "put", "a"], b"a-value-to-hand-out"), (["keys", "create", "k"], b"")):
            subprocess.run([*guard, *words], cwd=folder, env=environment, input=stdin, check=True, capture_output=True)
        for words in (["sign", "small.py", "--key", "k"], ["keys", "export-public", "k", "--output", "k.pem"]):
            subprocess.run([*guard, *words], cwd=folder, env=environment, check=True, capture_output=True)
        bare = median([sys.executable, "-c", "pass"], folder, environment)
        rows: list[tuple[list[str], Path]] = [
            (["--version"], folder),
            (["--help"], folder),
            (["scan", "small.py"], folder),
            (["verify", "small.py", "--key", "k.pem"], folder),
            (["sign", "small.py", "--key", "k"], folder),
            (["run", "--", "true"], folder / "bound"),
        ]
        print(f"{'command':<40} {'ms':>8} {'x python':>9}")
        print(f"{'python -c pass':<40} {bare:8.0f} {1:9.1f}")
        for words, place in rows:
            found = median([*guard, *words], place, environment)
            print(f"{'pipeline-guard ' + ' '.join(words):<40} {found:8.0f} {found / bare:9.1f}")


if __name__ == "__main__":
    main()
