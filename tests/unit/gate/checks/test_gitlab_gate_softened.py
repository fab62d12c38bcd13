# SPDX-License-Identifier: Apache-2.0
"""gitlab-gate-softened."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_gate_softened import check
from tests.unit.gate.checking import failing, pipeline


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("job:\n  allow_failure: true\n  script: [pipeline-guard gate]\n", 2),
        ("job:\n  script:\n    - a\n    - pipeline-guard scan || true\n", 4),
        ("job:\n  rules:\n    - if: $X\n      allow_failure: true\n  script: [pipeline-guard gate]\n", 3),
        (".soft: {allow_failure: true}\njob:\n  extends: .soft\n  script: [pipeline-guard gate]\n", 1),
        ("job:\n  allow_failure: {exit_codes: [1]}\n  script: [pipeline-guard gate]\n", 2),
    ],
)
def test_a_guard_that_cannot_fail_fails(text: str, line: int) -> None:
    assert [place for _, place in failing(check, pipeline(text))] == [line]


@pytest.mark.parametrize(
    "text",
    [
        "job: {script: [pipeline-guard gate]}",
        "job: {allow_failure: true, script: [make]}",
        "job: {script: [make || true, pipeline-guard gate]}",
        "job: {allow_failure: false, script: [pipeline-guard gate]}",
    ],
)
def test_one_that_can_and_other_jobs_pass(text: str) -> None:
    assert failing(check, pipeline(text)) == []
