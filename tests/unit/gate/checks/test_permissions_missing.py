# SPDX-License-Identifier: Apache-2.0
"""permissions-missing."""

from __future__ import annotations

from pipeline_guard.gate.checks.permissions_missing import RULE, check
from tests.unit.gate.checking import composite, failing, workflow


def test_a_job_without_a_statement_is_shown() -> None:
    facts = workflow("on: push\njobs:\n  a: {permissions: {}, steps: [{run: x}]}\n  b: {steps: [{run: x}]}\n")
    assert failing(check, facts) == [(".github/workflows/w.yml: b", 4)]
    assert RULE.informs


def test_a_statement_at_the_top_is_enough_and_an_action_has_none() -> None:
    assert failing(check, workflow("on: push\npermissions: {}\njobs: {a: {steps: [{run: x}]}}")) == []
    assert failing(check, composite("runs: {using: composite, steps: []}")) == []
