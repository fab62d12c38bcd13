# SPDX-License-Identifier: Apache-2.0
"""GitLab gate jobs that may not run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts, GitlabJob
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.guard_step import command_verb
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.gate.untrusted import GITLAB_TEXTS
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_WRITTEN = GITLAB_TEXTS | {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"}
_SECURITY = re.compile(r"(?:.*[-_.])?(secret[-_]detection|sast|dependency[-_]scanning|container[-_]scanning)")


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give rules on changed paths, manual starts and ``when: never`` of the gate, the scan and GitLab's own security jobs."""
    guards = {script.job for script in facts.scripts if any(command_verb(command) for command in commands(script.text))}
    for job in facts.jobs:
        if job.name in guards or _SECURITY.fullmatch(job.name):
            yield from _job(facts.path, job)
    for rule in facts.workflow_rules if guards else ():
        if rule.changes:
            yield Problem(Location(facts.path, rule.line), "workflow: rules on changed paths", "remove changes from workflow:rules")
        elif rule.when == "never" and (asked := _asked_for(rule.condition)):
            yield Problem(Location(facts.path, rule.line), f"workflow: when: never by ${asked}", "remove the rule from workflow:rules")


def _job(path: str, job: GitlabJob) -> Iterator[Problem]:
    if job.when in ("manual", "on_failure", "never"):
        yield Problem(Location(path, job.lines.get("when", job.line)), f"{job.name}: when: {job.when}", "remove when")
    if job.only_changes:
        yield Problem(Location(path, job.lines.get("only", job.line)), f"{job.name}: only: changes", "remove changes")
    for rule in job.rules:
        if rule.when in ("manual", "on_failure"):
            yield Problem(Location(path, rule.line), f"{job.name}: when: {rule.when} in a rule", "remove when")
        elif rule.changes and rule.when != "never":
            yield Problem(
                Location(path, rule.line), f"{job.name}: a rule on changed paths", "let the job run always; it looks only at what changed"
            )
        elif rule.when == "never" and (not rule.condition or rule.changes) and (rule is not job.rules[-1] or rule.changes):
            yield Problem(Location(path, rule.line), f"{job.name}: when: never in a rule", "remove the rule")
        elif rule.when == "never" and (asked := _asked_for(rule.condition)):
            yield Problem(Location(path, rule.line), f"{job.name}: when: never by ${asked}", "remove the rule")


def _asked_for(condition: str) -> str:
    """Return the text in a condition that whoever opens the request, or pushes, writes; "" where there is none."""
    return next((name for name in re.findall(r"\$\{?(\w+)", condition) if name in _WRITTEN), "")


RULE = Rule(
    "gitlab-gate-skippable",
    Kind.GITLAB,
    "lets the job be skipped",
    "a job that is not there blocks nothing, and approvals that wait for its report are stuck or waived",
    check,
    follows="include-unpinned",
)
