# SPDX-License-Identifier: Apache-2.0
"""Workflows that take commands which any printed line may be."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_NAME = "ACTIONS_ALLOW_UNSECURE_COMMANDS"


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give the first step of each job in which set-env and add-path are commands again, and what switches them on for the next."""
    seen: set[str] = set()
    for step in facts.steps:
        value = next((text for name, text in step.environment.items() if name.upper() == _NAME), "")
        on = value.strip().lower() not in ("", "false", "0")
        if (on and step.job not in seen) or (_NAME in step.run and "GITHUB_ENV" in step.run):
            seen.add(step.job)
            fix = "remove it, and write variables to $GITHUB_ENV and folders to $GITHUB_PATH"
            yield Problem(Location(facts.path, step.lines.get("env", step.line)), f"{_NAME} in {step.job or 'a composite action'}", fix)


RULE = Rule(
    "commands-unsecure",
    Kind.WORKFLOW,
    "switched on",
    "every line that a step prints, a title or a file name in it too, can set PATH and LD_PRELOAD for the steps behind it",
    check,
    follows="action-unpinned",
)
