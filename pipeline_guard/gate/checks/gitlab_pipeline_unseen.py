# SPDX-License-Identifier: Apache-2.0
"""Pipelines and artifacts that come from where this gate does not look."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FIXED = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|v?\d+\.\d+[\w.+-]*")  # a commit, or what looks like a released tag


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give triggers of other projects without a fixed ref, child pipelines that a job writes, and artifacts of other projects."""
    for job in facts.jobs:
        if job.starts and not _FIXED.fullmatch(job.starts_branch):
            what = f"the pipeline of {job.starts}{' at ' + job.starts_branch if job.starts_branch else ''}"[:100]
            yield Problem(
                Location(facts.path, job.lines.get("trigger", job.line)), what, "name a released tag as branch, and forward no variables"
            )
        for line, source in job.foreign:
            if not _FIXED.fullmatch(source.rpartition("@")[2]):
                fix = "take a released package, compare its digest, or verify its signature before it is used"
                yield Problem(Location(facts.path, line), f"{job.name}: artifacts of {source}"[:100], fix)
    for include in facts.includes:
        if include.kind == "artifact":
            fix = "keep the child pipeline in the repository, or write it from data that this change cannot touch"
            yield Problem(Location(facts.path, include.line), f"the child pipeline {include.target}"[:100], fix)


RULE = Rule(
    "gitlab-pipeline-unseen",
    Kind.GITLAB,
    "is not looked at here",
    "what it runs is decided elsewhere, or while the pipeline runs",
    check,
    informs=True,
    follows="include-unpinned",
)
