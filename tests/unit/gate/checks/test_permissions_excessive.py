# SPDX-License-Identifier: Apache-2.0
"""permissions-excessive."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.permissions_excessive import check
from tests.unit.gate.checking import failing, workflow

STEPS = "steps: [{run: x}]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"on: push\npermissions: write-all\njobs:\n  j: {{{STEPS}}}\n", 2),
        (f"on: push\njobs:\n  j:\n    permissions: write-all\n    {STEPS}\n", 4),
        (f"on: pull_request_target\njobs:\n  j: {{{STEPS}}}\n", 3),
        (f"on: [issue_comment, push]\njobs:\n  a: {{permissions: {{}}, {STEPS}}}\n  j: {{{STEPS}}}\n", 4),
    ],
)
def test_everything_or_nobody_knows_what_fails(text: str, line: int) -> None:
    assert [place for _, place in failing(check, workflow(text))] == [line]


@pytest.mark.parametrize(
    "text",
    [
        f"on: push\njobs: {{j: {{{STEPS}}}}}",
        f"on: pull_request_target\npermissions: {{}}\njobs: {{j: {{{STEPS}}}}}",
        f"on: pull_request_target\njobs: {{j: {{permissions: {{contents: write}}, {STEPS}}}}}",
        f"on: push\npermissions: read-all\njobs: {{j: {{{STEPS}}}}}",
    ],
)
def test_stated_permissions_pass(text: str) -> None:
    assert failing(check, workflow(text)) == []


@pytest.mark.parametrize(
    ("events", "jobs", "number"),
    [
        ("push", f"a: {{{STEPS}}}, b: {{{STEPS}}}", 1),
        ("pull_request", f"a: {{{STEPS}}}", 1),
        ("push", f"a: {{{STEPS}}}", 0),
        ("pull_request", f"a: {{permissions: {{id-token: write}}, {STEPS}}}", 0),
    ],
)
def test_identity_for_every_job_fails(events: str, jobs: str, number: int) -> None:
    text = f"on: {events}\npermissions: {{id-token: write, contents: read}}\njobs: {{{jobs}}}"
    assert [line for _, line in failing(check, workflow(text))] == [2] * number
