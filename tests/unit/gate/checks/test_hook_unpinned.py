# SPDX-License-Identifier: Apache-2.0
"""hook-unpinned."""

from __future__ import annotations

from pipeline_guard.gate.build_file import hooks
from pipeline_guard.gate.checks.hook_unpinned import check
from pipeline_guard.model.gate_settings import GateSettings
from tests.unit.gate.checking import SHA, failing


def test_a_tag_fails_and_names_the_command_that_freezes_it() -> None:
    facts = hooks(b"repos:\n  - repo: https://h.example/o/r\n    rev: v1.2\n    hooks: [{id: a}]\n", "c.yml")
    assert failing(check, facts) == [("https://h.example/o/r at v1.2", 3)]
    (problem,) = check(facts, GateSettings())
    assert problem.fix == "pre-commit autoupdate --freeze --repo https://h.example/o/r"


def test_commits_and_own_hooks_pass() -> None:
    text = f"repos:\n  - {{repo: 'https://h.example/o/r', rev: {SHA}}}\n  - {{repo: local}}\n  - {{repo: meta}}\n"
    assert failing(check, hooks(text.encode(), "c.yml")) == []
