# SPDX-License-Identifier: Apache-2.0
"""The gate's parts against their aims, and its pickle walker beside pickletools and, where installed, model scanners.

    python bench/gate.py

Wall seconds, best of three, warm. Peers run as commands on the same folder: picklescan, modelscan, fickling; lockfile-lint (npm).
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import pickletools
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
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


def locks(packages: int) -> dict[str, str]:
    """Return locks of several formats with as many packages."""
    digest, sri = "ab" * 32, f"sha512-{'A' * 86}=="
    numbers = range(packages)
    npm: dict[str, object] = {"": {"name": "x", "dependencies": {f"package-{n}": "^1.0.0" for n in range(min(packages, 200))}}}
    for n in numbers:
        npm[f"node_modules/package-{n}"] = {
            "version": "1.0.0",
            "resolved": f"https://registry.npmjs.org/package-{n}/-/package-{n}-1.0.0.tgz",
            "integrity": sri,
            "license": "MIT",
            "dependencies": {f"package-{n * 7 % packages}": "^1.0.0"},
            "engines": {"node": ">=8"},
        }
    index = "registry+https://github.com/rust-lang/crates.io-index"
    names = "".join(f' "package-{n}",\n' for n in numbers)
    crates = "".join(
        f'\n[[package]]\nname = "package-{n}"\nversion = "1.0.0"\nsource = "{index}"\nchecksum = "{digest}"\n' for n in numbers
    )
    wanted = "".join(f'    {{ name = "package-{n}" }},\n' for n in numbers)
    place, when = "https://files.pythonhosted.org/packages/aa/bb", "2024-09-15T18:07:37.123Z"
    wheels = "".join(
        f'\n[[package]]\nname = "package-{n}"\nversion = "1.0"\nsource = {{ registry = "https://pypi.org/simple" }}\nwheels = [\n'
        f'    {{ url = "{place}/package_{n}-1.0-py3-none-any.whl", hash = "sha256:{digest}", size = 1, upload-time = "{when}" }},\n]\n'
        for n in numbers
    )
    return {
        "package-lock.json": json.dumps({"name": "x", "lockfileVersion": 3, "requires": True, "packages": npm}, indent=2),
        "yarn.lock": "# yarn lockfile v1\n\n"
        + "".join(
            f'\npackage-{n}@^1.0.0:\n  version "1.0.0"\n'
            f'  resolved "https://registry.yarnpkg.com/package-{n}/-/package-{n}-1.0.0.tgz#{digest[:40]}"\n  integrity {sri}\n'
            for n in numbers
        ),
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n\npackages:\n"
        + "".join(f"\n  package-{n}@1.0.0:\n    resolution: {{integrity: {sri}}}\n    engines: {{node: '>=8'}}\n" for n in numbers),
        "Cargo.lock": f'version = 4\n\n[[package]]\nname = "x"\nversion = "0.1.0"\ndependencies = [\n{names}]\n{crates}',
        "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "x"\nversion = "0.1.0"\n'
        f'source = {{ virtual = "." }}\ndependencies = [\n{wanted}]\n{wheels}',
        "go.sum": "".join(f"example.com/m{n} v1.0.0 h1:{'A' * 43}=\nexample.com/m{n} v1.0.0/go.mod h1:{'A' * 43}=\n" for n in numbers),
    }


def measure_locks() -> None:
    """Read and check a lock of 5,000 packages in each format, beside what merely reads the text, and lockfile-lint where installed."""
    from pipeline_guard.gate.facts import Kind
    from pipeline_guard.gate.manifest.formats import by_name
    from pipeline_guard.gate.registry import RULES
    from pipeline_guard.model.gate_settings import GateSettings

    readers: dict[str, Callable[[str], object]] = {".json": json.loads, "Cargo.lock": tomllib.loads, "uv.lock": tomllib.loads}
    rules = [rule for rule in RULES if rule.kind is Kind.LOCK]
    for name, text in locks(5000).items():
        kind, content = by_name(name), text.encode()
        if kind is None:
            raise AssertionError(name)

        def whole(parse: Callable[[bytes, str], object] = kind.parse, content: bytes = content, name: str = name) -> object:
            facts = parse(content, name)
            return [list(rule.check(facts, GateSettings())) for rule in rules]

        seconds = best(whole)
        reader = next((read for suffix, read in readers.items() if name.endswith(suffix)), None)
        note = f"{seconds / best(lambda read=reader, text=text: read(text)):.1f} x reading it alone" if reader else ""
        row(f"{name}, 5,000 packages ({len(content) / 1e6:.1f} MB), read and checked", seconds, f"aim 150  {note}".rstrip())
        if shutil.which("lockfile-lint") and name in ("package-lock.json", "yarn.lock"):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_text(text)
                kinds = ["--type", "npm" if name.endswith(".json") else "yarn", "--validate-https", "--validate-package-names"]
                command = ["lockfile-lint", "--path", str(path), *kinds, "--validate-integrity", "--allowed-hosts", "npm", "yarn"]
                row(
                    f"lockfile-lint {name}",
                    best(lambda command=command: subprocess.run(command, check=False, capture_output=True)),
                    "as a process",
                )


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
    measure_locks()
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
