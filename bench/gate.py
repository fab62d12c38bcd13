# SPDX-License-Identifier: Apache-2.0
"""The gate's parts against their aims, and its pickle walker beside pickletools and, where installed, model scanners.

    python bench/gate.py

Wall seconds, best of three, warm. Peers run as commands on the same folder: picklescan, modelscan, fickling.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

HASH = f"    --hash=sha256:{'a' * 64}"
SHA = "0123456789abcdef0123456789abcdef01234567"


def best(action: Callable[[], object]) -> float:
    """Return the best wall time of three runs."""
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        action()
        found.append(time.perf_counter() - begun)
    return min(found)


def row(name: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{name:<58} {seconds * 1000:>10.1f} ms  {note}")


def lock(packages: int) -> bytes:
    """Return a requirements lock with two hashes a package."""
    return "".join(f"package-{number}==1.{number} \\\n{HASH} \\\n{HASH}\n" for number in range(packages)).encode()


def model(numbers: int) -> bytes:
    """Return an ordinary pickle: dictionaries, texts and numbers."""
    return pickle.dumps({f"layer{n}": {"weights": [n, n * 1.5, None], "name": f"w{n}"} for n in range(numbers)})


def repository(folder: Path) -> None:
    """Write 30 locks, 40 workflows and 20 models."""
    for number in range(30):
        (folder / f"s{number}").mkdir()
        (folder / f"s{number}" / "requirements.txt").write_bytes(lock(150))
    (folder / ".github/workflows").mkdir(parents=True)
    steps = "".join(f"      - uses: o/r{number}@{SHA}\n      - run: make\n" for number in range(10))
    for number in range(40):
        (folder / ".github/workflows" / f"w{number}.yml").write_text(f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}")
    (folder / "models").mkdir()
    for number in range(20):
        (folder / "models" / f"m{number}.pkl").write_bytes(model(3000))


def main() -> None:
    """Measure everything."""
    from pipeline_guard.gate.checks.requirement_unhashed import check
    from pipeline_guard.gate.manifest.requirements import parse
    from pipeline_guard.gate.model_file import inspect
    from pipeline_guard.model.gate_settings import GateSettings

    content = lock(5000)
    row("requirements lock, 5,000 packages, parsed and checked", best(lambda: list(check(parse(content, "r"), GateSettings()))), "aim 150")
    small, large, tensor = model(1), model(60_000), pickle.dumps({"w": bytes(200_000_000)})
    row(f"small pickle ({len(small)} bytes)", best(lambda: inspect(small, "m.pkl")), "aim 5")
    walked = best(lambda: inspect(large, "m.pkl"))
    listed = best(lambda: [None for _ in pickletools.genops(io.BytesIO(large))])
    row(f"pickle of many objects ({len(large) / 1e6:.1f} MB)", walked, f"{walked / listed:.2f} x listing its opcodes with pickletools")
    row("pickle of one 200 MB tensor", best(lambda: inspect(tensor, "m.pkl")), "aim 1000 (200 MB/s)")
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        repository(Path(name))
        command = [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pipeline_guard.cli.main import main; main(['gate'])",
        ]
        row(
            "gate: 30 locks, 40 workflows, 20 models, as a process",
            best(lambda: subprocess.run(command, check=True, capture_output=True)),
            "aim 2000",
        )
        for peer, words in {"picklescan": ["-p", "models"], "modelscan": ["-p", "models"], "fickling": ["-s", "models/m0.pkl"]}.items():
            if shutil.which(peer) is None:
                print(f"{peer}: not installed")
                continue
            row(f"{peer} {' '.join(words)}", best(lambda p=peer, w=words: subprocess.run([p, *w], check=False, capture_output=True)))


if __name__ == "__main__":
    main()
