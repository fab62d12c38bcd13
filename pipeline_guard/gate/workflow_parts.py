# SPDX-License-Identifier: Apache-2.0
"""What several checks of workflows ask: which action a step is, on which line a text is, who may start a run."""

from __future__ import annotations

import re

from pipeline_guard.gate.ci_facts import Job, Step, WorkflowFacts
from pipeline_guard.gate.untrusted import PRIVILEGED

_SAME_REPOSITORY = re.compile(
    r"head\.repo\.full_name\s*==\s*github\.repository|github\.repository\s*==\s*github\.event\.pull_request\.head\.repo\.full_name"
    r"|head_repository\.full_name\s*==\s*github\.repository|head\.repo\.fork\s*==\s*false|!\s*github\.event\.pull_request\.head\.repo\.fork"
    r"|workflow_run\.event\s*==\s*'(push|schedule|workflow_dispatch|release|merge_group)'|workflow_run\.event\s*!=\s*'pull_request'"
)


def action_of(step: Step) -> str:
    """Return the action of a step without its ref, lower-cased."""
    return step.uses.partition("@")[0].lower()


def line_in(step: Step, text: str, offset: int) -> int:
    """Return the line of an offset in the text of a step's script."""
    return (step.run_line or step.line) + text.count("\n", 0, offset)


def privileged(facts: WorkflowFacts) -> tuple[str, ...]:
    """Return the events by which anybody starts a run that has the base repository's token and secrets."""
    return tuple(event for event in facts.events if event in PRIVILEGED)


def only_own(*conditions: str) -> bool:
    """Tell whether a condition lets only branches of this repository through."""
    return any("||" not in condition and _SAME_REPOSITORY.search(condition) for condition in conditions)


def job_of(facts: WorkflowFacts, step: Step) -> Job:
    """Return the job that a step belongs to; one without anything for the steps of an action."""
    return next((job for job in facts.jobs if job.id == step.job), Job("", step.line))


def is_true(text: str) -> bool:
    """Tell whether a text is true as GitHub's inputs are."""
    return text.strip().lower() == "true"


def is_false(text: str) -> bool:
    """Tell whether a text is false as GitHub's inputs are."""
    return text.strip().lower() == "false"
