# SPDX-License-Identifier: Apache-2.0
"""Secrets in dotenv reports, which anybody with access to the pipeline downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts, GitlabJob
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import Command, commands
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_SECRET = re.compile(r"(?:.*_)?(TOKEN|PASSWORD|PASSWD|SECRET|PRIVATE_KEY|API_KEY|ACCESS_KEY|CREDENTIALS?|JWT)(?:_.*)?", re.IGNORECASE)


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every command that writes a secret into a file that is such a report."""
    reports = {job.name: job for job in facts.jobs if job.dotenv}
    for script in facts.scripts:
        job = reports.get(script.job)
        for command in commands(script.text) if job is not None else ():
            secret = _written(command, job) if job is not None else ""
            if secret:
                fix = "fetch the secret in the job that needs it (pipeline-guard run), or pass a reference to it"
                yield Problem(Location(facts.path, script.line + command.line), f"${secret} in {script.job}'s dotenv report", fix)


def _written(command: Command, job: GitlabJob) -> str:
    line = " ".join(word.text for word in command.words)
    if ">" not in line or not any(report in line for report in job.dotenv):
        return ""
    named = [name for word in command.words for name, _quoted in word.variables]
    return next((name for name in named if name in job.tokens or _SECRET.fullmatch(name)), "")


RULE = Rule(
    "gitlab-dotenv-secret",
    Kind.GITLAB,
    "written",
    "the report is an artifact in plain text: downloadable, kept, and handed to every later job",
    check,
    follows="include-unpinned",
)
