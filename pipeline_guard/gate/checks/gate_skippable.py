# SPDX-License-Identifier: Apache-2.0
"""Gate jobs that may not run at all: a skipped job counts as a success."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Job, Step, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.guard_step import guarding_verb
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_ALWAYS = re.compile(r"(\$\{\{)?\s*(always\(\)|!\s*cancelled\(\)|true)\s*(\}\})?")
_FILTERS = ("paths", "paths-ignore")
_EVENTS = ("pull_request", "merge_group", "pull_request_target")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every condition, need, filter and name by which the gate is passed over."""
    guarded = {step.job: step for step in facts.steps if not facts.is_action and guarding_verb(step) == "gate"}
    names = [job.name or job.id for job in facts.jobs]
    for job in facts.jobs:
        if job.id not in guarded:
            continue
        yield from _job(facts.path, job, guarded[job.id])
        if names.count(job.name or job.id) > 1:
            place = Location(facts.path, job.lines.get("name", job.line))
            yield Problem(place, f"{job.id}: another job has its name", "give the gate a name of its own")
    for trigger in facts.triggers if guarded else ():
        for key in _FILTERS if trigger.name in _EVENTS else ():
            if key in trigger.filters:
                fix = f"remove {key}; the gate looks only at what changed anyway"
                yield Problem(Location(facts.path, trigger.line), f"{trigger.name}: {key}", fix)


def _job(path: str, job: Job, step: Step) -> Iterator[Problem]:
    always = bool(_ALWAYS.fullmatch(job.condition))
    if job.condition and not always:
        place = Location(path, job.lines.get("if", job.line))
        yield Problem(place, f"{job.id}: if: {job.condition[:60]}", "remove the condition")
    if job.needs and not always:
        place = Location(path, job.lines.get("needs", job.line))
        yield Problem(place, f"{job.id}: needs {', '.join(job.needs)[:60]}", "remove needs:, or add if: always()")
    if step.condition and not _ALWAYS.fullmatch(step.condition):
        place = Location(path, step.lines.get("if", step.line))
        yield Problem(place, f"{job.id}: the step's if: {step.condition[:60]}", "remove the condition")
    if job.matrix:
        place = Location(path, job.lines.get("strategy", job.line))
        yield Problem(place, f"{job.id}: a matrix", "run the gate once; an empty matrix runs nothing, and its names vary")


RULE = Rule(
    "gate-skippable",
    Kind.WORKFLOW,
    "lets the gate be skipped",
    "a skipped job counts as a success, so the change is merged unseen",
    check,
    follows="action-unpinned",
)
