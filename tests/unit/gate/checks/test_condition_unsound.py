# SPDX-License-Identifier: Apache-2.0
"""condition-unsound."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.condition_unsound import check
from pipeline_guard.model.gate_settings import GateSettings
from tests.unit.gate.checking import failing, job


@pytest.mark.parametrize(
    "condition",
    [
        "contains('refs/heads/main refs/heads/develop', github.ref)",
        "contains('main,develop', github.base_ref) && true",
        "'${{ github.ref }} == main'",
        "|\n    ${{ github.ref == 'x' }}",
        "'${{ github.ref }} && ${{ inputs.x }}'",
    ],
)
def test_conditions_that_hold_too_often_fail(condition: str) -> None:
    assert [line for _, line in failing(check, job(f"- run: x\n  if: {condition}"))] == [6]


@pytest.mark.parametrize(
    "condition",
    [
        "contains(github.event.head_commit.message, 'skip')",
        "contains(fromJSON('[\"main\"]'), github.ref_name)",
        "${{ github.ref == 'x' }}",
        "github.ref == 'x'",
        "|\n    github.ref == 'x' &&\n    true",
        "contains('abc', 'b')",
    ],
)
def test_ordinary_conditions_pass(condition: str) -> None:
    assert failing(check, job(f"- run: x\n  if: {condition}")) == []


def test_the_fix_is_a_list() -> None:
    (problem,) = check(job("- run: x\n  if: contains('a b', github.ref)"), GateSettings())
    assert problem.fix == """write contains(fromJSON('["a", "b"]'), github.ref)"""
