# SPDX-License-Identifier: Apache-2.0
"""GitLab jobs of the guard whose failure changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.guard_step import command_verb, softened
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ``allow_failure`` of such a job, and every script that drops its exit code."""
    guards = {script.job for script in facts.scripts if any(command_verb(command) for command in commands(script.text))}
    for job in facts.jobs:
        if job.name not in guards:
            continue
        if job.allow_failure in ("true", "exit_codes"):
            yield Problem(Location(facts.path, job.lines.get("allow_failure", job.line)), f"{job.name}: allow_failure", "remove it")
        for rule in job.rules:
            if rule.allow_failure == "true":
                yield Problem(Location(facts.path, rule.line), f"{job.name}: allow_failure in a rule", "remove it")
    for script in facts.scripts:
        dropped = softened(script.text, pipefail=True) if script.job in guards else None
        if dropped:
            yield Problem(
                Location(facts.path, script.line + dropped[0]), f"{script.job}: {dropped[1]}", "let the command's exit code be the job's"
            )


RULE = Rule(
    "gitlab-gate-softened",
    Kind.GITLAB,
    "cannot fail",
    "a guard that cannot fail is none: the change is merged whatever it found",
    check,
    follows="include-unpinned",
)
