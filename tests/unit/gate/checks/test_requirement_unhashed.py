# SPDX-License-Identifier: Apache-2.0
"""requirement-unhashed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.requirement_unhashed import check
from pipeline_guard.gate.manifest.requirements import parse
from pipeline_guard.model.gate_settings import GateSettings

HASH = f"--hash=sha256:{'a' * 64}"


def failing(text: str, path: str = "requirements.txt") -> list[tuple[str, int]]:
    return [(problem.what, problem.location.line) for problem in check(parse(text.encode(), path), GateSettings())]


@pytest.mark.parametrize(
    "text", [f"a==1 {HASH}", "./local", "-e .", f"git+https://h.example/a@{'b' * 40}", f"a @ https://h.example/a.whl#sha256={'a' * 64}"]
)
def test_hashed_local_and_committed_requirements_pass(text: str) -> None:
    assert failing(text) == []


@pytest.mark.parametrize("text", ["a==1", "a", "a @ https://h.example/a.whl"])
def test_anything_else_fails_with_its_line(text: str) -> None:
    assert failing(f"b==1 {HASH}\n{text}") == [("a", 2)]


def test_constraints_install_nothing() -> None:
    assert failing("a==1", "constraints.txt") == []


def test_the_fix_is_a_command_for_this_file() -> None:
    (problem,) = check(parse(b"a==1", "dir/requirements.txt"), GateSettings())
    assert "uv pip compile --generate-hashes INPUT -o dir/requirements.txt" in problem.fix
