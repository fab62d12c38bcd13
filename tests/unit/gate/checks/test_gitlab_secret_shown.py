# SPDX-License-Identifier: Apache-2.0
"""gitlab-secret-shown."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_secret_shown import check
from tests.unit.gate.checking import failing, pipeline


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("variables:\n  CI_DEBUG_TRACE: 'true'\njob: {script: [x]}\n", 2),
        ("job:\n  variables: {CI_DEBUG_SERVICES: 1}\n  script: [x]\n", 2),
        ("job:\n  script:\n    - printenv\n", 3),
        ("job:\n  script:\n    - a && env\n", 3),
        ('job:\n  script:\n    - echo "token $CI_JOB_TOKEN"\n', 3),
        ("job:\n  script:\n    - env | sort\n", 3),
        ("job:\n  script:\n    - printenv | sort | tee out.txt\n", 3),
    ],
)
def test_printed_variables_fail(text: str, line: int) -> None:
    assert [place for _, place in failing(check, pipeline(text))] == [line]


@pytest.mark.parametrize(
    "command",
    [
        "env | grep -c CI",
        "env | sort > env.txt",
        "env | sort | sha256sum",
        "env FOO=1 make",
        "echo $CI_JOB_ID",
        "echo $CI_REGISTRY_PASSWORD | docker login --password-stdin",
        "printenv HOME",
        "export A=1",
        "set -e",
        "env > /dev/null",
    ],
)
def test_single_values_and_pipes_pass(command: str) -> None:
    assert failing(check, pipeline(f"variables: {{CI_DEBUG_TRACE: 'false'}}\njob:\n  script:\n    - {command}\n")) == []
