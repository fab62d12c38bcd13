# SPDX-License-Identifier: Apache-2.0
"""Checkouts that leave the token behind for every later step: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import action_of
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every checkout that does not say what becomes of its token."""
    for step in facts.steps:
        if action_of(step) == "actions/checkout" and "persist-credentials" not in step.inputs:
            place = Location(facts.path, step.line)
            yield Problem(place, str(place), "add persist-credentials: false under with:, or true where a later step pushes")


RULE = Rule(
    "credentials-kept",
    Kind.WORKFLOW,
    "check out and keep the token",
    "every later step, and whatever it runs, can use it",
    check,
    informs=True,
    follows="action-unpinned",
)
