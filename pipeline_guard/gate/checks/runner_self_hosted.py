# SPDX-License-Identifier: Apache-2.0
"""Machines of one's own that pull requests can run code on."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import only_own
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_OPEN = ("pull_request", "pull_request_target", "issue_comment", "pull_request_review", "pull_request_review_comment")


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every job with the label ``self-hosted`` that a pull request starts."""
    events = [event for event in facts.events if event in _OPEN]
    for job in facts.jobs if events else ():
        labels = {label.lower() for label in job.runs_on}
        for label in job.runs_on:
            if label.startswith("${{") and "matrix." in label:
                labels |= {value.lower() for values in job.matrix.values() for value in values}
        if "self-hosted" in labels and not only_own(job.condition):
            fix = (
                "use a hosted or one-time runner for pull requests, or "
                "add if: github.event.pull_request.head.repo.full_name == github.repository"
            )
            yield Problem(Location(facts.path, job.lines.get("runs-on", job.line)), f"{job.id}, started by {events[0]},", fix)


RULE = Rule(
    "runner-self-hosted",
    Kind.WORKFLOW,
    "on a self-hosted runner",
    "code of a fork stays on that machine and reaches the jobs and networks behind it",
    check,
    follows="action-unpinned",
)
