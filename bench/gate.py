# SPDX-License-Identifier: Apache-2.0
"""The gate's parts against their aims, and its pickle walker beside pickletools and, where installed, model scanners.

    python bench/gate.py [--peers FOLDER ...] [--cpu]

Wall seconds, best of three, warm; with ``--cpu`` processor seconds, children included, which is what can be compared on a busy machine.
Peers run as commands on the same files: picklescan, modelscan, fickling; lockfile-lint (npm); pip-audit, on twelve real packages and with
the network. They are looked for on PATH, beside this Python, and in the folders given; who is not there is named.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import pickle
import pickletools
import re
import resource
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


PEERS: list[str] = []  # folders besides PATH
CPU = False


def now() -> float:
    """Return wall seconds, or processor seconds of this process and the children that ended."""
    if not CPU:
        return time.perf_counter()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def best(action: Callable[[], object]) -> float:
    """Return the best time of three runs."""
    found = []
    for _ in range(3):
        begun = now()
        action()
        found.append(now() - begun)
    return min(found)


def peer(name: str) -> str:
    """Return the command of a peer, "" and a line about it where it is not installed."""
    places = (None, str(Path(sys.executable).parent), *PEERS)
    found = next((path for place in places if (path := shutil.which(name, path=place))), "")
    if not found:
        print(f"{name}: not installed")
    return found


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
        linter = peer("lockfile-lint") if name in ("package-lock.json", "yarn.lock") else ""
        if linter:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_text(text)
                kinds = ["--type", "npm" if name.endswith(".json") else "yarn", "--validate-https", "--validate-package-names"]
                command = [linter, "--path", str(path), *kinds, "--validate-integrity", "--allowed-hosts", "npm", "yarn"]
                row(
                    f"lockfile-lint {name}",
                    best(lambda command=command: subprocess.run(command, check=False, capture_output=True)),
                    "as a process",
                )


PACKAGES = (
    "attrs==25.3.0", "certifi==2025.4.26", "click==8.1.8", "idna==3.10", "jinja2==3.1.6", "markupsafe==3.0.2", "packaging==25.0",
    "pygments==2.19.1", "requests==2.32.3", "rich==14.0.0", "six==1.17.0", "urllib3==2.4.0",
)  # fmt: skip


def measure_audit() -> None:
    """Run pip-audit on twelve packages; what the same takes us is among the figures of bench/advisories.py."""
    command = peer("pip-audit")
    if not command:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text("\n".join(PACKAGES))
        words = [command, "-r", str(path), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        begun = now()
        done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder)
        row(f"pip-audit, {len(PACKAGES)} packages, with the network, as a process", now() - begun, f"exit {done.returncode}")


NPM = ROOT / "tests" / "data" / "locks" / "npm"
_EVIL = json.dumps(
    {"version": "1.0.0", "resolved": "https://registry.npmjs.org/evil/-/evil-1.0.0.tgz", "integrity": f"sha512-{'A' * 86}=="}
)
_ODD = "https://registry.npmjs.org/is-odd/-/is-odd-3.0.1.tgz"
# What was done to a sound package-lock.json: a name, what is replaced, and by what.
TAMPERINGS = (
    ("tarball from a foreign host", re.escape(_ODD), "https://files.example/is-odd/-/is-odd-3.0.1.tgz"),
    ("host that begins like the registry", re.escape(_ODD), "https://registry.npmjs.org.evil.example/is-odd/-/is-odd-3.0.1.tgz"),
    ("without TLS", re.escape(_ODD), "http://registry.npmjs.org/is-odd/-/is-odd-3.0.1.tgz"),
    ("user before the host", re.escape(_ODD), "https://registry.npmjs.org@evil.example/is-odd/-/is-odd-3.0.1.tgz"),
    ("another package of the registry", re.escape(_ODD), "https://registry.npmjs.org/evil/-/evil-3.0.1.tgz"),
    ("another version of the package", re.escape(_ODD), "https://registry.npmjs.org/is-odd/-/is-odd-0.0.1.tgz"),
    ("git in the place of the registry", re.escape(_ODD), f"git+ssh://git@github.com/evil/is-odd.git#{SHA}"),
    ("archive from a forge", re.escape(_ODD), "https://codeload.github.com/evil/is-odd/tar.gz/main"),
    ("hash of another file", r'("integrity": "sha512-)[A-Za-z0-9+/]{86}', rf"\g<1>{'A' * 86}"),
    ("hash taken out", r'("resolved": "[^"]*is-odd-[^"]*"),\s*"integrity": "[^"]*"', r"\g<1>"),
    ("hash made SHA-1", r'("resolved": "[^"]*is-odd-[^"]*",\s*"integrity": ")[^"]*"', r'\g<1>sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="'),
    ("version outside of what is asked for", r'("node_modules/is-odd": \{\s*"version": ")[^"]*"', r'\g<1>2.0.0"'),
    ("an entry that nothing needs", r'"node_modules/is-odd": ', f'"node_modules/evil": {_EVIL}, "node_modules/is-odd": '),
)  # fmt: skip


def measure_tampering() -> None:
    """Tell who sees what was done to a lock: ours with and without a merge target, lockfile-lint with every check of it."""
    from datetime import UTC, datetime

    from pipeline_guard.gate.facts import Kind
    from pipeline_guard.gate.manifest.formats import by_name
    from pipeline_guard.gate.manifest.project import LockChange
    from pipeline_guard.gate.projects import projects
    from pipeline_guard.gate.registry import RULES
    from pipeline_guard.model.gate_settings import GateSettings
    from pipeline_guard.model.verdict import Unchecked

    linter, kind = peer("lockfile-lint"), by_name("package-lock.json")
    sound, manifest = (NPM / "package-lock.json").read_text(), (NPM / "package.json").read_bytes()
    if kind is None:
        raise AssertionError
    before = kind.parse(sound.encode(), "package-lock.json")

    def alarms(text: str) -> tuple[bool, bool]:
        lock = kind.parse(text.encode(), "package-lock.json")
        facts: list[tuple[Kind, object]] = [(Kind.LOCK, lock)]
        texts = {"package.json": manifest, "package-lock.json": text.encode()}
        facts += [(Kind.PROJECT, item) for item in projects({lock.path: lock}, texts, None) if not isinstance(item, Unchecked)]
        change = LockChange(lock.path, lock, before, (), True, datetime.now(UTC))
        tree = any(list(rule.check(item, GateSettings())) for where, item in facts for rule in RULES if rule.kind is where)
        return tree, tree or any(list(rule.check(change, GateSettings())) for rule in RULES if rule.kind is Kind.LOCK_CHANGE)

    def linted(text: str) -> str:
        if not linter:
            return "-"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package-lock.json"
            path.write_text(text)
            words = ["--type", "npm", "--validate-https", "--validate-package-names", "--validate-integrity", "--allowed-hosts", "npm"]
            words += ["--allowed-package-name-aliases", "kind:kind-of"]  # without it the sound lock is an alarm
            done = subprocess.run([linter, "--path", str(path), *words], check=False, capture_output=True)
            return "seen" if done.returncode else "missed"

    print(f"{'package-lock.json':<40} {'ours, tree':<12} {'ours, change':<12} lockfile-lint")
    for name, pattern, new in (("as npm wrote it", "^", ""), *TAMPERINGS):
        text, count = re.subn(pattern, new, sound, count=1)
        if not count:
            raise AssertionError(name)
        seen = ["seen" if one else "missed" for one in alarms(text)]
        print(f"{name:<40} {seen[0]:<12} {seen[1]:<12} {linted(text)}")


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

    global CPU  # a script: what its options say holds for all of it
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", action="append", default=[], metavar="FOLDER")
    parser.add_argument("--cpu", action="store_true")
    given = parser.parse_args()
    CPU, PEERS[:] = given.cpu, given.peers
    gc.set_threshold(50_000)  # as the command sets it
    content = lock(5000)
    row("requirements lock, 5,000 packages, parsed and checked", best(lambda: list(check(parse(content, "r"), GateSettings()))), "aim 150")
    measure_locks()
    measure_tampering()
    measure_audit()
    small, large, tensor = model(1), model(60_000), pickle.dumps({"w": bytes(200_000_000)})
    row(f"small pickle ({len(small)} bytes)", best(lambda: inspect(small, "m.pkl")), "aim 5")
    walked = best(lambda: inspect(large, "m.pkl"))
    listed = best(lambda: [None for _ in pickletools.genops(io.BytesIO(large))])
    row(f"pickle of many objects ({len(large) / 1e6:.1f} MB)", walked, f"{walked / listed:.2f} x listing its opcodes with pickletools")
    row("pickle of one 200 MB tensor", best(lambda: inspect(tensor, "m.pkl")), "aim 1000 (200 MB/s)")
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        repository(Path(place))
        own = [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pipeline_guard.cli.main import main; main(['gate'])",
        ]
        row(
            "gate: 30 locks, 40 workflows, 20 models, as a process",
            best(lambda: subprocess.run(own, check=True, capture_output=True)),
            "aim 2000",
        )
        for name, words in {"picklescan": ["-p", "models"], "modelscan": ["-p", "models"], "fickling": ["-s", "models/m0.pkl"]}.items():
            command = peer(name)
            if command:
                row(f"{name} {' '.join(words)}", best(lambda p=command, w=words: subprocess.run([p, *w], check=False, capture_output=True)))


if __name__ == "__main__":
    main()
