# SPDX-License-Identifier: Apache-2.0
"""Tokens that may do everything, or whose extent nobody stated where anybody can start the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import privileged
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FIX = "write permissions: {} at the top and each job's needs at the job, as in permissions: {contents: read}"


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give ``write-all``, an identity for every job, and jobs without any statement that outsiders can start."""
    if facts.permissions == "write-all":
        yield Problem(Location(facts.path, facts.permissions_line), "write-all", _FIX)
    events = privileged(facts)
    if isinstance(facts.permissions, Mapping) and facts.permissions.get("id-token") == "write":
        heirs = [job for job in facts.jobs if job.permissions is None]
        if len(heirs) > 1 or (heirs and "pull_request" in facts.events):
            what = f"the workflow's id-token: write, to {', '.join(job.id for job in heirs[:3])} alike,"
            yield Problem(Location(facts.path, facts.permissions_line), what, "write id-token: write at the one job that needs an identity")
    for job in facts.jobs:
        if job.permissions == "write-all":
            yield Problem(Location(facts.path, job.lines.get("permissions", job.line)), f"write-all of the job {job.id}", _FIX)
        elif events and job.permissions is None and not facts.states_permissions:
            yield Problem(Location(facts.path, job.line), f"the unstated permissions of {job.id} under {events[0]}", _FIX)


RULE = Rule(
    "permissions-excessive",
    Kind.WORKFLOW,
    "given to the job's token",
    "one bad step, action or dependency can then push code, publish releases and change settings",
    check,
    follows="action-unpinned",
)
