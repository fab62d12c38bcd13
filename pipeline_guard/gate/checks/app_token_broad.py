# SPDX-License-Identifier: Apache-2.0
"""Tokens of GitHub Apps that may do all that the App may: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import action_of
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every token without a permission of its own, for every repository of an owner, or that outlives its job."""
    for step in facts.steps:
        if action_of(step) not in ("actions/create-github-app-token", "tibdex/github-app-token", "getsentry/action-github-app-token"):
            continue
        place = Location(facts.path, step.line)
        if not any(name.startswith("permission") for name in step.inputs):
            yield Problem(place, f"{step.job}: every permission of the App", "name those that are needed: permission-contents: read")
        if "owner" in step.inputs and not {"repositories", "repository"} & set(step.inputs):
            yield Problem(place, f"{step.job}: every repository of {step.inputs['owner'][:60]}", "name them: repositories: a,b")
        if step.inputs.get("skip-token-revoke", "").lower() == "true":
            yield Problem(place, f"{step.job}: a token that outlives the job", "leave skip-token-revoke out")


RULE = Rule(
    "app-token-broad",
    Kind.WORKFLOW,
    "is in a token of the job",
    "whatever runs in the job can do all of that with it",
    check,
    informs=True,
    follows="action-unpinned",
)
