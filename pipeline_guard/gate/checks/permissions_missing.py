# SPDX-License-Identifier: Apache-2.0
"""Jobs whose token has whatever the repository or organisation happens to grant: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import privileged
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every job for which neither it nor the workflow states permissions."""
    if facts.is_action or facts.states_permissions or privileged(facts):
        return
    for job in facts.jobs:
        if job.permissions is None:
            fix = "write permissions: {} at the top and each job's needs at the job"
            yield Problem(Location(facts.path, job.line), f"{facts.path}: {job.id}", fix)


RULE = Rule(
    "permissions-missing",
    Kind.WORKFLOW,
    "without stated permissions",
    "the token then has what the repository's settings give, which may be everything",
    check,
    informs=True,
    follows="action-unpinned",
)
