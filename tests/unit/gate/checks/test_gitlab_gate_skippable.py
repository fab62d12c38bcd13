# SPDX-License-Identifier: Apache-2.0
"""gitlab-gate-skippable."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_gate_skippable import check
from tests.unit.gate.checking import failing, pipeline


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("when: manual", 2),
        ("rules: [{changes: [src/*]}]", 2),
        ("rules: [{if: $X, when: manual}]", 2),
        ("rules: [{when: never}, {if: $X}]", 2),
        ("only: {changes: [a]}", 2),
    ],
)
@pytest.mark.parametrize("name", ["gate", "secret_detection"])
def test_what_lets_a_guard_be_skipped_fails(head: str, line: int, name: str) -> None:
    command = "pipeline-guard gate" if name == "gate" else "analyze"
    assert [place for _, place in failing(check, pipeline(f"{name}:\n  {head}\n  script: [{command}]\n"))] == [line]


def test_rules_of_the_whole_pipeline_count() -> None:
    text = "workflow:\n  rules:\n    - changes: [a]\ngate: {script: [pipeline-guard gate]}\n"
    assert failing(check, pipeline(text)) == [("workflow: rules on changed paths", 3)]


@pytest.mark.parametrize(
    "head",
    [
        "stage: test",
        "rules: [{if: $CI_COMMIT_BRANCH}, {if: $CI_MERGE_REQUEST_IID}]",
        "rules: [{if: $A}, {when: never}]",
        "rules: [{if: $CI_COMMIT_TAG, when: never}, {when: always}]",
    ],
)
def test_a_guard_that_always_runs_passes(head: str) -> None:
    assert failing(check, pipeline(f"gate:\n  {head}\n  script: [pipeline-guard gate]\n")) == []


def test_other_jobs_may_be_skipped() -> None:
    assert failing(check, pipeline("job: {when: manual, rules: [{changes: [a]}], script: [make]}")) == []


@pytest.mark.parametrize(
    ("condition", "number"),
    [
        ("$CI_COMMIT_MESSAGE =~ /skip-gate/", 1),
        ('$CI_MERGE_REQUEST_LABELS =~ /trusted/ && $CI_COMMIT_BRANCH == "x"', 1),
        ("$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME =~ /^docs/", 1),
        ("$CI_PIPELINE_SOURCE == 'schedule'", 0),
        ("$CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS", 0),
    ],
)
def test_words_of_whoever_asks_do_not_decide_whether_the_guard_runs(condition: str, number: int) -> None:
    rules = f"[{{if: '{condition.replace(chr(39), chr(34))}', when: never}}, {{when: always}}]"
    gate = "gate:\n  script: [pipeline-guard gate]\n"
    assert len(failing(check, pipeline(f"{gate}  rules: {rules}\n"))) == number
    assert len(failing(check, pipeline(f"workflow:\n  rules: {rules}\n{gate}"))) == number
