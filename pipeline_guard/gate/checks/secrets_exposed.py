# SPDX-License-Identifier: Apache-2.0
"""All secrets at once, where one would do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.expression import condition, expressions
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_DYNAMIC = re.compile(r"secrets\.\*(\..*)?")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every use of the whole ``secrets`` context, or of a name that is computed."""
    for step in facts.steps:
        for line, text in _texts(step):
            for expression in [*expressions(text), *([condition(text)] if text == step.condition and "${{" not in text else [])]:
                for name in expression.names:
                    if name == "secrets" or _DYNAMIC.fullmatch(name):
                        what = "the whole secrets context" if name == "secrets" else "a secret by a computed name"
                        yield Problem(Location(facts.path, line), what, "name the one secret: ${{ secrets.NAME }}")


def _texts(step: Step) -> Iterator[tuple[int, str]]:
    if step.run:
        yield step.run_line or step.line, step.run
    for name, text in step.inputs.items():
        yield step.lines.get(name, step.line), text
    for text in step.environment.values():
        yield step.lines.get("env", step.line), text
    if step.condition:
        yield step.lines.get("if", step.line), step.condition


RULE = Rule(
    "secrets-exposed",
    Kind.WORKFLOW,
    "in a step",
    "every secret of the repository is then in the runner's memory and in reach of the step",
    check,
    follows="action-unpinned",
)
