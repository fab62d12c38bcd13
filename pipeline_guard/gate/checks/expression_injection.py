# SPDX-License-Identifier: Apache-2.0
"""Texts that outsiders write, pasted into scripts by ``${{ }}`` or read again as code by a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.expression import expressions
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands, piped, rereads
from pipeline_guard.gate.untrusted import Taint
from pipeline_guard.gate.workflow_parts import action_of, line_in
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

# Inputs of well-known actions that are run as code.
_SCRIPTS = {
    "actions/github-script": ("script",),
    "addnab/docker-run-action": ("run",),
    "amadevus/pwsh-script": ("script",),
    "appleboy/ssh-action": ("script",),
    "azure/cli": ("inlinescript",),
    "azure/powershell": ("inlinescript",),
    "coactions/setup-xvfb": ("run",),
    "cypress-io/github-action": ("command", "build", "start", "install-command"),
    "gabrielbb/xvfb-action": ("run",),
    "jannekem/run-python-script-action": ("script",),
    "mikefarah/yq": ("cmd",),
    "nick-fields/retry": ("command",),
    "nick-invision/retry": ("command",),
    "reactivecircus/android-emulator-runner": ("script",),
}
_INPUT = re.compile(r"inputs\.[^.*]+")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every expression in a script through which such a text flows, and every variable with one that a shell evaluates."""
    taint = Taint(facts)
    for step in facts.steps:
        for text in _codes(step):
            for expression in expressions(text):
                for context in expression.flows:
                    source = taint.of(context, step.job, step.environment, whole=context in expression.whole)
                    if not source and facts.is_action and _INPUT.fullmatch(context):
                        source = "whatever a caller of this action gives"
                    if source:
                        what = context if source == context else f"{context}, which is {source},"
                        yield Problem(Location(facts.path, line_in(step, text, expression.offset)), what, _fix(step, context))
        yield from _evaluated(facts, step, taint)


def _codes(step: Step) -> Iterator[str]:
    if step.run:
        yield step.run
    if step.shell and "${{" in step.shell:
        yield step.shell  # the command line that the script is given to
    for name in _SCRIPTS.get(action_of(step), ()):
        for key, text in step.inputs.items():
            if key.lower() == name:
                yield text


def _evaluated(facts: WorkflowFacts, step: Step, taint: Taint) -> Iterator[Problem]:
    carried = {name: source for name, text in step.environment.items() if (source := taint.source(text, step.job, step.environment))}
    if not carried or not step.run:
        return
    listed = list(commands(step.run))
    for at, command in enumerate(listed):
        for word in [*rereads(command), *piped(listed[at:])]:
            for name, _quoted in word.variables:
                if name in carried:
                    place = Location(facts.path, (step.run_line or step.line) + command.line)
                    yield Problem(place, f"${name}, which is {carried[name]} and read as code here,", "hand the text over as an argument")


def _fix(step: Step, context: str) -> str:
    own = re.sub(r"^github\.(event\.)?", "", context)  # names that begin with GITHUB_ are the runner's
    name = re.sub(r"[^A-Z0-9]+", "_", own.upper()).strip("_")
    if action_of(step) == "actions/github-script":
        return f"add env: {name}: ${{{{ {context} }}}} to the step and use process.env.{name}"
    return f'add env: {name}: ${{{{ {context} }}}} to the step and use "${name}", quoted'


RULE = Rule(
    "expression-injection",
    Kind.WORKFLOW,
    "pasted into a script",
    "whoever writes that text runs commands in this job, with its token and secrets",
    check,
    follows="action-unpinned",
)
