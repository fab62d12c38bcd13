# SPDX-License-Identifier: Apache-2.0
"""gitlab-dotenv-secret."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_dotenv_secret import check
from tests.unit.gate.checking import failing, pipeline


def report(command: str, head: str = "") -> list[tuple[str, int]]:
    return failing(
        check, pipeline(f"job:\n  {head or 'stage: x'}\n  artifacts: {{reports: {{dotenv: build.env}}}}\n  script:\n    - {command}\n")
    )


@pytest.mark.parametrize("variable", ["DEPLOY_TOKEN", "CI_JOB_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_a_secret_in_the_report_fails(variable: str) -> None:
    assert report(f'echo "X=${variable}" >> build.env') == [(f"${variable} in job's dotenv report", 5)]


def test_an_identity_token_by_any_name_fails() -> None:
    assert len(report('echo "X=$MINE" > build.env', "id_tokens: {MINE: {aud: x}}")) == 1


@pytest.mark.parametrize("command", ['echo "V=$CI_COMMIT_SHA" >> build.env', 'echo "X=$DEPLOY_TOKEN" >> other.txt', "use $DEPLOY_TOKEN"])
def test_other_values_and_files_pass(command: str) -> None:
    assert report(command) == []
