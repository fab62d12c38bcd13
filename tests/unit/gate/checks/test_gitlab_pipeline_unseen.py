# SPDX-License-Identifier: Apache-2.0
"""gitlab-pipeline-unseen."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_pipeline_unseen import RULE, check
from tests.unit.gate.checking import SHA, failing, pipeline


@pytest.mark.parametrize(
    ("job", "what"),
    [
        ("trigger: g/deploy", "the pipeline of g/deploy"),
        ("trigger: {project: g/deploy, branch: main}", "the pipeline of g/deploy at main"),
        ("trigger: {project: g/deploy, branch: $CI_COMMIT_REF_NAME}", "the pipeline of g/deploy at $CI_COMMIT_REF_NAME"),
        ("trigger: {include: [{artifact: c.yml, job: a}]}", "the child pipeline c.yml"),
        ("needs: [{project: g/p, job: build, ref: main, artifacts: true}]\n  script: [x]", "job: artifacts of g/p@main"),
    ],
)
def test_what_comes_from_elsewhere_is_shown(job: str, what: str) -> None:
    assert failing(check, pipeline(f"job:\n  {job}\n")) == [(what, 2)]
    assert RULE.informs


@pytest.mark.parametrize(
    "job",
    [
        f"trigger: {{project: g/deploy, branch: {SHA}}}",
        "trigger: {project: g/deploy, branch: v1.4.0}",
        "trigger: {include: /child.yml}",
        "needs: [a, {job: b, artifacts: true}]\n  script: [x]",
        "needs: [{project: g/p, job: build, ref: main, artifacts: false}]\n  script: [x]",
        "script: [x]",
    ],
)
def test_fixed_and_own_pipelines_are_not(job: str) -> None:
    assert failing(check, pipeline(f"job:\n  {job}\n")) == []
