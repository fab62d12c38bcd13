# SPDX-License-Identifier: Apache-2.0
"""Pins whose comments contradict each other or the ref they stand beside."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every pin that ``related`` found to be in conflict; whether a tag is at that commit only the forge can tell."""
    for conflict in facts.conflicts:
        yield Problem(Location(facts.path, conflict.line), conflict.what, "pipeline-guard gate --fix, or look the tag up: " + conflict.how)


RULE = Rule(
    "version-conflict",
    Kind.WORKFLOW,
    "cannot both be right",
    "reviewers and updaters believe the comment, the runner runs the commit",
    check,
    follows="action-unpinned",
)
