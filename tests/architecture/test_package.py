# SPDX-License-Identifier: Apache-2.0
"""What the package is made of: its dependencies by extra, what a built wheel holds, and that locks are whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("actions/_setup/requirements-hsm.txt", "tests/requirements.txt")
LIGHTER = ("actions/_setup/requirements.txt", "actions/_setup/requirements-gate.txt")


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!;\[]", line)[0].lower() for line in requirements}


def test_scan_only_installation_pulls_no_forge_no_broker_and_no_token() -> None:
    assert names(PROJECT["dependencies"]) == {"cryptography", "hyperscan", "msgspec", "pyyaml"}
    assert names(PROJECT["optional-dependencies"]["hsm"]) == {"alembic", "python-pkcs11", "sqlalchemy"}


@pytest.mark.parametrize("lock", LOCKS + LIGHTER)
def test_every_locked_requirement_is_exact_and_hashed(lock: str) -> None:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 5
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line[:60]


def test_locks_hold_what_the_project_asks_for() -> None:
    wanted = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["hsm"])
    for lock in LOCKS + LIGHTER:
        locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.MULTILINE))
        assert (names(PROJECT["dependencies"]) if lock in LIGHTER else wanted) <= locked, lock
    assert "flit-core==" in (ROOT / ".github" / "build-requirements.txt").read_text()


def test_actions_and_tests_run_the_same_versions() -> None:
    actions, tests = (dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)
    assert {name: tests[name] for name in actions} == actions


def test_built_wheel_holds_code_rules_types_and_licence(tmp_path: Path) -> None:
    source = "import sys; from flit_core.buildapi import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        held = set(wheel.namelist())
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "pipeline_guard").rglob("*") if path.suffix in (".py", ".yml", ".typed")}
    assert code <= held
    assert [name for name in held if name.endswith("LICENSE")]
    assert not [name for name in held if name.startswith("tests")]


def test_command_is_installed() -> None:
    command = Path(sys.executable).parent / "pipeline-guard"
    assert command.is_file(), "make test installs the package into its environment"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=True)
    assert done.stdout.startswith("pipeline-guard ")
