# SPDX-License-Identifier: Apache-2.0
"""Texts that outsiders write, appended to the files that set variables and the search path of later steps."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.gate.untrusted import Taint
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FILES = {"GITHUB_ENV", "GITHUB_PATH"}


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every command that writes such a variable to one of these files."""
    taint = Taint(facts)
    for step in facts.steps:
        if not any(name in step.run for name in _FILES):
            continue
        carried = {name: source for name, text in step.environment.items() if (source := taint.source(text, step.job, step.environment))}
        for command in commands(step.run):
            named = {name for word in command.words for name, _quoted in word.variables}
            for name in sorted(named & set(carried)) if named & _FILES else ():
                place = Location(facts.path, (step.run_line or step.line) + command.line)
                file = min(named & _FILES)
                yield Problem(
                    place, f"${name} ({carried[name]}) to {file}", "use the text in the step that has it; check its form before you keep it"
                )


RULE = Rule(
    "environment-injection",
    Kind.WORKFLOW,
    "written for later steps",
    "a line break in that text sets any variable, LD_PRELOAD or PATH among them, for every step behind it",
    check,
    follows="action-unpinned",
)
