# SPDX-License-Identifier: Apache-2.0
"""gitlab-deploy-unreviewed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_deploy_unreviewed import check
from tests.unit.gate.checking import failing, pipeline


def deploying(environment: str, rules: str) -> list[tuple[str, int]]:
    return failing(check, pipeline(f"deploy:\n  script: [x]\n  environment: {environment}\n  rules: [{rules}]\n"))


REQUEST = "{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}"


@pytest.mark.parametrize(
    ("environment", "rules"),
    [
        ("production", REQUEST),
        ("{name: eu/prod, url: 'https://h.example'}", REQUEST),
        ("{name: main, deployment_tier: production}", "{if: $CI_MERGE_REQUEST_IID}"),
        ("live", "{if: $CI_COMMIT_TAG}, " + REQUEST),
    ],
)
def test_production_from_a_merge_request_fails(environment: str, rules: str) -> None:
    assert [line for _, line in deploying(environment, rules)] == [4]


@pytest.mark.parametrize(
    ("environment", "rules"),
    [
        ("staging", REQUEST),
        ("review/product", REQUEST),
        ("{name: production, action: verify}", REQUEST),
        ("production", "{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}"),
        ("production", REQUEST.replace("}", ", when: never}") + ", {if: $CI_COMMIT_TAG}"),
        ("production", REQUEST.replace("}", ", when: manual}")),
    ],
)
def test_other_places_and_reviewed_pipelines_pass(environment: str, rules: str) -> None:
    assert deploying(environment, rules) == []


def test_job_without_a_place_or_rules_passes() -> None:
    assert failing(check, pipeline("a: {script: [x]}\nb: {script: [x], environment: production}\n")) == []
