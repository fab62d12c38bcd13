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
# JavaScript and PowerShell that read a variable again as code, and cmd, which pastes it
_JAVASCRIPT = re.compile(r"\b(?:eval|Function|exec|execSync|runInNewContext|runInThisContext)\s*\([^;\n]{0,200}?process\.env\.(\w+)")
_POWERSHELL = re.compile(
    r"(?:(?:\b(?:iex|invoke-expression)\b|\[scriptblock\]::create\()[^\n;]{0,200}?|^\s*[&.]\s*[\"']?)\$\{?env:(\w+)",
    re.IGNORECASE | re.MULTILINE,
)
_BATCH = re.compile(r"%(\w+)%")
_INPUT = re.compile(r"inputs\.[^.*]+")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every expression in a script through which such a text flows, and every variable with one that a shell evaluates."""
    taint = Taint(facts)
    for job in facts.jobs:
        for text, line in [(job.shell, job.line), *((container.options, container.line) for container in job.containers)]:
            if source := taint.source(text, job.id):
                yield Problem(Location(facts.path, line), f"{source} in a command line of {job.id}", "write out what may stand there")
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
    if step.uses.startswith("docker://"):  # GitHub splits args into words: who is given a shell's gets code
        given = " ".join(text for key, text in step.inputs.items() if key.lower() in ("entrypoint", "args"))
        if re.search(r"(?:^|[\s/])(?:ba|z|da|k|a)?sh(?:\s|$)", given):
            yield from (text for key, text in step.inputs.items() if key.lower() == "args")
    for name in _SCRIPTS.get(action_of(step), ()):
        for key, text in step.inputs.items():
            if key.lower() == name:
                yield text


def _evaluated(facts: WorkflowFacts, step: Step, taint: Taint) -> Iterator[Problem]:
    carried = {name: source for name, text in step.environment.items() if (source := taint.source(text, step.job, step.environment))}
    if not carried:
        return
    yield from _otherwise(facts.path, step, carried)
    if not step.run or step.shell.split(" ", maxsplit=1)[0] in ("pwsh", "powershell", "cmd", "python"):
        return
    listed = list(commands(step.run))
    for at, command in enumerate(listed):
        program = [word for word in command.words[:1] if word.text.startswith("$") and command.names[:1] == [word.text]]
        for word in [*rereads(command), *piped(listed[at:]), *program]:
            for name, _quoted in word.variables:
                if name in carried:
                    place = Location(facts.path, (step.run_line or step.line) + command.line)
                    yield Problem(place, f"${name}, which is {carried[name]} and read as code here,", "hand the text over as an argument")


def _otherwise(path: str, step: Step, carried: dict[str, str]) -> Iterator[Problem]:
    """Give the variables that a script of another language than a shell reads as code."""
    shell = step.shell.split(" ", maxsplit=1)[0]
    patterns = [(_POWERSHELL, step.run)] if shell in ("pwsh", "powershell", "") else [(_BATCH, step.run)] if shell == "cmd" else []
    if action_of(step) == "actions/github-script":
        patterns.append((_JAVASCRIPT, next((text for key, text in step.inputs.items() if key.lower() == "script"), "")))
    for pattern, text in patterns:
        for found in pattern.finditer(text):
            source = next((where for name, where in carried.items() if name.lower() == found[1].lower()), "")
            if source:
                place = Location(path, line_in(step, text, found.start(1)))
                yield Problem(place, f"{found[1]}, which is {source} and read as code here,", "use the text as a value only")


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
