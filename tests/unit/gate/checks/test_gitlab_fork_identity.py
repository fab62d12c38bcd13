# SPDX-License-Identifier: Apache-2.0
"""gitlab-fork-identity."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_fork_identity import RULE, check
from tests.unit.gate.checking import failing, pipeline


def test_an_identity_in_merge_requests_of_anybody_is_shown_and_never_fails() -> None:
    text = "job:\n  id_tokens: {T: {aud: x}}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'merge_request_event'\n  script: [x]\n"
    assert failing(check, pipeline(text)) == [("job (T)", 4)]
    assert RULE.informs


@pytest.mark.parametrize(
    "rule",
    [
        "{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID'}",
        "{if: $CI_COMMIT_TAG}",
        "{if: $CI_MERGE_REQUEST_IID, when: never}",
    ],
)
def test_own_branches_and_other_pipelines_are_not(rule: str) -> None:
    assert failing(check, pipeline(f"job: {{id_tokens: {{T: {{aud: x}}}}, rules: [{rule}], script: [x]}}")) == []
