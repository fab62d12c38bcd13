# SPDX-License-Identifier: Apache-2.0
"""commands-unsecure."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.commands_unsecure import check
from tests.unit.gate.checking import composite, failing, job, workflow

NAME = "ACTIONS_ALLOW_UNSECURE_COMMANDS"


@pytest.mark.parametrize("value", ["true", "'1'", "'${{ inputs.x }}'"])
def test_commands_in_what_a_step_prints_fail_wherever_they_are_switched_on(value: str) -> None:
    jobs = "jobs:\n  j:\n    steps:\n      - run: x\n      - run: y\n"
    assert failing(check, workflow(f"on: push\nenv: {{{NAME}: {value}}}\n{jobs}")) == [(f"{NAME} in j", 6)]
    assert len(failing(check, job(f"- run: x\n  env: {{{NAME}: {value}}}"))) == 1
    assert len(failing(check, job("- run: x", head=f"env: {{{NAME.lower()}: {value}}}"))) == 1


def test_a_step_that_switches_them_on_for_the_next_fails() -> None:
    steps = f'- run: echo "{NAME}=true" >> $GITHUB_ENV'
    assert len(failing(check, job(steps))) == 1
    assert len(failing(check, composite(f"runs:\n  using: composite\n  steps:\n    {steps}\n      shell: bash\n"))) == 1


@pytest.mark.parametrize("steps", ["- run: x", f"- run: x\n  env: {{{NAME}: false}}", f"- run: x\n  env: {{{NAME}: ''}}"])
def test_the_default_passes(steps: str) -> None:
    assert failing(check, job(steps)) == []
