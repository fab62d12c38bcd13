# SPDX-License-Identifier: Apache-2.0
"""Versions that were taken back."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.package_withdrawn import check
from tests.unit.gate.checks.published import GOOD, package, problems, published


@pytest.mark.parametrize("state", ["yanked", "quarantined"])
def test_what_was_taken_back_is_a_problem_with_the_registrys_words(state: str) -> None:
    assert problems(check, package(GOOD), published(state=state, why="broken\n build")) == [(3, f"a 1 is {state} (broken build)")]


@pytest.mark.parametrize("state", ["active", "deprecated", "archived"])
def test_what_is_only_old_is_none(state: str) -> None:
    assert problems(check, package(GOOD), published(state=state)) == []
    assert problems(check, package(GOOD), None) == []
