# SPDX-License-Identifier: Apache-2.0
"""condition-bot."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.condition_bot import check
from tests.unit.gate.checking import failing, job


@pytest.mark.parametrize(
    "condition",
    ["github.actor == 'dependabot[bot]'", "${{ 'renovate[bot]' == github.actor && true }}", "github.triggering_actor == 'x[bot]'"],
)
@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_an_actors_name_in_a_privileged_run_fails(condition: str, event: str) -> None:
    assert len(failing(check, job("- run: x", on=event, head=f'if: "{condition}"'))) == 1
    assert len(failing(check, job(f'- run: x\n  if: "{condition}"', on=event))) == 1


@pytest.mark.parametrize(
    ("on", "condition"),
    [
        ("pull_request", "github.actor == 'dependabot[bot]'"),
        ("pull_request_target", "github.event.pull_request.user.login == 'dependabot[bot]'"),
        ("pull_request_target", "github.actor != 'dependabot[bot]'"),
        ("pull_request_target", "github.actor == 'ada'"),
    ],
)
def test_the_authors_name_and_other_events_pass(on: str, condition: str) -> None:
    assert failing(check, job("- run: x", on=on, head=f'if: "{condition}"')) == []
