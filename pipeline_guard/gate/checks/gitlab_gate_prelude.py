# SPDX-License-Identifier: Apache-2.0
"""Gate jobs that a default ``before_script`` runs ahead of: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.guard_step import command_verb
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every guarding job that takes over the file's ``before_script``."""
    guards = {script.job for script in facts.scripts if any(command_verb(command) for command in commands(script.text))}
    for job in facts.jobs if facts.has_default_before else ():
        if job.name in guards and job.inherits and not job.own_before:
            fix = "add inherit: {default: false} and before_script: [] to the job"
            yield Problem(Location(facts.path, job.line), f"{job.name} of {facts.path}", fix)


RULE = Rule(
    "gitlab-gate-prelude",
    Kind.GITLAB,
    "begins with the default before_script",
    "whoever edits that script can put another pipeline-guard first on the path",
    check,
    informs=True,
    follows="include-unpinned",
)
