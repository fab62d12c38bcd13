# SPDX-License-Identifier: Apache-2.0
"""Every secret of the caller, handed to a workflow of another repository."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.github_file import use_kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ``secrets: inherit`` to a workflow that is not of this repository."""
    for job in facts.jobs:
        if job.secrets == "inherit" and use_kind(job.uses, "workflow") != "local":
            fix = "name the secrets that it needs: secrets: {NAME: ${{ secrets.NAME }}}"
            yield Problem(Location(facts.path, job.lines.get("secrets", job.line)), f"secrets: inherit to {job.uses}", fix)


RULE = Rule(
    "secrets-inherited",
    Kind.WORKFLOW,
    "gives away every secret",
    "that workflow, and whoever can change it, reads secrets it has no need of",
    check,
    follows="action-unpinned",
)
