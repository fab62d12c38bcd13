# SPDX-License-Identifier: Apache-2.0
"""untrusted-checkout."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.untrusted_checkout import check
from tests.unit.gate.checking import SHA, failing, job, lines

CHECKOUT = f"- uses: actions/checkout@{SHA}\n  with: {{ref: '${{{{ REF }}}}'}}\n- run: make\n"


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment"])
@pytest.mark.parametrize(
    "ref", ["github.event.pull_request.head.sha", "github.head_ref", "github.event.workflow_run.head_sha", "steps.pr.outputs.head_sha"]
)
def test_the_pull_requests_code_in_a_privileged_run_fails(event: str, ref: str) -> None:
    assert lines(check, job(CHECKOUT.replace("REF", ref), on=event)) == [6]


@pytest.mark.parametrize(
    "command",
    [
        "gh pr checkout 5",
        "git fetch origin pull/$N/head:pr",
        "git checkout FETCH_HEAD",
        "git clone https://github.com/${{ github.event.pull_request.head.repo.full_name }} s",
    ],
)
def test_commands_that_fetch_it_fail_too(command: str) -> None:
    assert len(failing(check, job(f"- run: {command}", on="issue_comment"))) == 1


@pytest.mark.parametrize(
    ("on", "steps", "head"),
    [
        ("pull_request", CHECKOUT.replace("REF", "github.head_ref"), ""),
        ("pull_request_target", CHECKOUT.replace("REF", "github.event.pull_request.base.sha"), ""),
        ("pull_request_target", f"- uses: actions/checkout@{SHA}\n- run: make", ""),
        (
            "pull_request_target",
            CHECKOUT.replace("REF", "github.head_ref"),
            "if: github.event.pull_request.head.repo.full_name == github.repository",
        ),
        ("workflow_run", CHECKOUT.replace("REF", "github.event.workflow_run.head_sha"), "if: github.event.workflow_run.event == 'push'"),
        ("pull_request_target", "- run: gh pr comment 5 --body x", ""),
    ],
)
def test_own_code_and_own_branches_pass(on: str, steps: str, head: str) -> None:
    assert failing(check, job(steps, on=on, head=head)) == []


def test_a_condition_that_also_lets_others_in_does_not_count() -> None:
    head = "if: github.event.pull_request.head.repo.full_name == github.repository || github.actor == 'x'"
    assert len(failing(check, job(CHECKOUT.replace("REF", "github.head_ref"), on="pull_request_target", head=head))) == 1
