# SPDX-License-Identifier: Apache-2.0
"""Steps of the guard whose failure changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.guard_step import guarding_verb, softened
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import is_true, job_of
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every such step whose exit code is dropped; one whose outcome a later step reads is planned so."""
    for step in facts.steps:
        verb = guarding_verb(step)
        if not verb or _is_read(step, facts):
            continue
        job = job_of(facts, step)
        if is_true(step.continues):
            yield Problem(Location(facts.path, step.lines.get("continue-on-error", step.line)), f"{verb}: continue-on-error", "remove it")
        if is_true(job.continues):
            yield Problem(
                Location(facts.path, job.lines.get("continue-on-error", job.line)), f"{verb}: continue-on-error of {job.id}", "remove it"
            )
        dropped = softened(step.run, pipefail=step.shell == "bash") if step.run else None
        if dropped:
            place = Location(facts.path, (step.run_line or step.line) + dropped[0])
            yield Problem(place, dropped[1], "let the command's exit code be the step's; policy decides what is excused")


def _is_read(step: Step, facts: WorkflowFacts) -> bool:
    if not step.id:
        return False
    named = re.compile(rf"steps\.{re.escape(step.id)}\.(outcome|outputs)", re.IGNORECASE)
    steps = facts.of(step.job)
    later = steps[steps.index(step) + 1 :]
    return any(named.search(" ".join((each.run, each.condition, *each.environment.values(), *each.inputs.values()))) for each in later)


RULE = Rule(
    "gate-softened",
    Kind.WORKFLOW,
    "cannot fail",
    "a guard that cannot fail is none: the change is merged whatever it found",
    check,
    follows="action-unpinned",
)
