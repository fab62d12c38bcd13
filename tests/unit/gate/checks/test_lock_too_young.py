# SPDX-License-Identifier: Apache-2.0
"""lock-too-young."""

from __future__ import annotations

from pipeline_guard.gate.checks.lock_too_young import RULE
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from tests.unit.gate.checks.deps import change, problems, whats

WEEK = GateSettings(dependencies=DependencySettings(minimum_age=7))
FRESH = (("2024-09-15T18:07:37Z", "2026-11-20T18:07:37Z"), ("3.10", "3.11"))


def test_a_fresh_file_fails_with_its_age_and_line() -> None:
    (problem,) = problems(RULE, change("uv.lock", *FRESH), WEEK)
    assert (problem.what, problem.location.line) == ("idna 3.11 (3 days old)", 11)


def test_old_files_and_versions_that_were_there_pass() -> None:
    assert whats(RULE, change("uv.lock", ("3.10", "3.11")), WEEK) == []
    assert whats(RULE, change("uv.lock", FRESH[0]), WEEK) == []


def test_without_a_minimum_nothing_is_too_young() -> None:
    assert whats(RULE, change("uv.lock", *FRESH)) == []
