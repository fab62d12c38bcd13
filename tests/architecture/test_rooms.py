# SPDX-License-Identifier: Apache-2.0
"""Who may import whom, who may touch the world, who may speak: read with ast alone.

It reads names, so it guards against drift, not malice. There is no list of exceptions.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pipeline_guard"
VERBS = {"scan", "gate", "sign", "lease", "keys", "seal", "audit", "rehearse"}
NOUNS = {"errors", "model"}
DOORS = NOUNS | {"ports"}
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "model": {"errors"},
    "ports": NOUNS,
    "identity": NOUNS,
    "policy": NOUNS,
    "report": NOUNS | {"__init__"},  # the version, which SARIF and GitLab's reports name
    **{verb: DOORS | {"identity", "policy"} for verb in VERBS},
    "config": NOUNS | {"policy"},
    "flows": DOORS | {"identity", "policy"} | VERBS,
    "adapters": DOORS,
    "cli": DOORS | {"config", "adapters", "flows", "report", "broker", "__init__"},  # serve starts the other entrance
    "broker": DOORS | {"config", "adapters", "flows", "__init__"},
}
ENTRANCES = {"adapters", "cli", "broker", "__main__"}
WORLD_MODULES = {
    "os", "subprocess", "socket", "shutil", "tempfile", "signal", "fcntl", "getpass", "secrets", "random", "sqlite3",
    "urllib.request", "http.client", "http.server",
    "ctypes", "threading", "multiprocessing", "asyncio", "time", "glob", "requests", "pkcs11", "sqlalchemy", "github", "gitlab",
    "starlette", "uvicorn", "psycopg", "pygit2", "importlib", "mmap", "io.open",
}  # fmt: skip
WORLD_CALLS = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "exists", "is_file", "is_dir", "unlink", "mkdir",
    "chmod", "stat", "lstat", "time", "monotonic", "perf_counter", "getenv", "token_bytes", "token_hex", "urandom", "import_module",
    "utcnow", "today", "system", "popen",
}  # fmt: skip
SPEAKING = {"print", "input", "exit", "breakpoint"}
REVEALERS = {"adapters", "identity", "model", "seal"}


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(tree: ast.AST) -> list[tuple[int, str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, node.module or "", node.level))
            if node.module == "pipeline_guard":
                found += [(node.lineno, f"pipeline_guard.{alias.name}", 0) for alias in node.names if alias.name != "__version__"]
    return found


def called_name(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def breaches(source: str, room: str, name: str = "x.py") -> list[str]:
    """Return every breach of the house rules in one file's source."""
    tree = ast.parse(source)
    found = []
    for line, module, level in imported(tree):
        if level:
            found.append(f"{name}:{line}: relative import")
        parts = module.split(".")
        if parts[0] == "pipeline_guard":
            target = parts[1] if len(parts) > 1 else "__init__"
            if target != room and target not in MAY_IMPORT[room]:
                found.append(f"{name}:{line}: {room} imports {target}")
        elif room not in ENTRANCES and (parts[0] in WORLD_MODULES or module in WORLD_MODULES):
            found.append(f"{name}:{line}: {room} imports the world: {module}")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        call = called_name(node)
        is_name = isinstance(node.func, ast.Name)
        if room not in ENTRANCES and call in WORLD_CALLS and not is_door(node):
            found.append(f"{name}:{node.lineno}: {room} calls the world: {call}")
        if call in SPEAKING and (is_name or call == "exit") and room not in {"cli", "__main__"}:
            found.append(f"{name}:{node.lineno}: {room} speaks: {call}")
        if call == "exit" and room != "__main__":
            found.append(f"{name}:{node.lineno}: {room} exits")
        if call == "reveal" and room not in REVEALERS:
            found.append(f"{name}:{node.lineno}: {room} reveals a secret")
    return found


def is_door(node: ast.Call) -> bool:
    """Tell whether a call goes through a door: ``doors.clock.now()``, ``doors.leases.open(now)``."""
    function = node.func
    while isinstance(function, ast.Attribute):
        function = function.value
        if isinstance(function, ast.Name):
            return function.id in {"doors", "self"}
        if isinstance(function, ast.Attribute) and function.attr == "doors":
            return True
    return False


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_keeps_to_its_room(path: Path) -> None:
    assert room_of(path) in MAY_IMPORT, f"no such room: {room_of(path)}"
    assert breaches(path.read_text(), room_of(path), str(path.relative_to(PACKAGE))) == []


def test_only_wiring_names_concrete_adapters() -> None:
    for path in FILES:
        if room_of(path) == "cli" and path.name != "wiring.py":
            names = [module for _, module, _ in imported(ast.parse(path.read_text()))]
            assert not [name for name in names if name.startswith("pipeline_guard.adapters")], path


def test_package_files_are_empty() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent != PACKAGE:
            assert path.read_text() == "", path


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("scan", "from pipeline_guard.gate import judge"),
        ("model", "from pipeline_guard.ports import Clock"),
        ("flows", "import pipeline_guard.adapters.files"),
        ("flows", "from pipeline_guard import adapters"),
        ("adapters", "from pipeline_guard.scan.rule import Rule"),
        ("cli", "from pipeline_guard.scan.rule import Rule"),
        ("scan", "from . import rule"),
        ("scan", "import os"),
        ("flows", "from subprocess import run"),
        ("gate", "import pkcs11"),
        ("gate", "content = open('x').read()"),
        ("gate", "content = Path('x').read_bytes()"),
        ("flows", "now = datetime.today()"),
        ("report", "print('x')"),
        ("adapters", "print('x')"),
        ("cli", "sys.exit(1)"),
        ("lease", "value = secret.reveal()"),
        ("cli", "value = secret.reveal()"),
    ],
)
def test_planted_breach_is_caught(room: str, source: str) -> None:
    assert breaches(source, room)
