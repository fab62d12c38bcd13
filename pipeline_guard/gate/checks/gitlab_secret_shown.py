# SPDX-License-Identifier: Apache-2.0
"""GitLab jobs that print their variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.gitlab_tokens import JOB_TOKENS
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import Command, commands
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_TRACES = ("CI_DEBUG_TRACE", "CI_DEBUG_SERVICES")
_PASSING = {"sort", "cat", "tee", "less", "more", "nl", "column", "uniq", "tac"}  # what they read, they print
_TOKENS = JOB_TOKENS | {"CI_REPOSITORY_URL"}


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give debug traces, dumps of the environment, and tokens that are echoed."""
    for name in _TRACES:
        if _on(facts.variables.get(name, "")):
            line = facts.variable_lines.get(name, 1)
            yield Problem(Location(facts.path, line), name, "remove it, and rotate what a traced job has shown")
    for job in facts.jobs:
        for name in _TRACES:
            if _on(job.variables.get(name, "")):
                place = Location(facts.path, job.lines.get("variables", job.line))
                yield Problem(place, f"{job.name}: {name}", "remove it, and rotate what a traced job has shown")
    for script in facts.scripts:
        listed = list(commands(script.text))
        for at, command in enumerate(listed):
            what = _shows(command, listed[at + 1 :])
            if what:
                yield Problem(
                    Location(facts.path, script.line + command.line), what, "print the names you need, never the environment or a token"
                )


def _on(text: str) -> bool:
    return text.strip().lower() in ("true", "1")


def _shows(command: Command, following: Sequence[Command]) -> str:
    texts = [word.text for word in command.words]
    for behind in following if command.operator == "|" else ():
        if next(iter(behind.names), "") not in _PASSING or any(">" in word.text for word in behind.words):
            return ""
        if behind.operator != "|":
            break
    if any(">" in text for text in texts):
        return ""
    if texts in (["env"], ["printenv"], ["export"], ["export", "-p"], ["set"], ["declare", "-p"]):
        return " ".join(texts)
    if texts[:1] in (["echo"], ["printf"]):
        shown = {name for word in command.words for name, _quoted in word.variables} & _TOKENS
        return f"echo ${min(shown)}" if shown else ""
    if texts[:1] == ["set"] and any(re.fullmatch(r"-[a-z]*x[a-z]*", text) for text in texts[1:]):
        return ""  # traces commands as expanded; masks still apply
    return ""


RULE = Rule(
    "gitlab-secret-shown",
    Kind.GITLAB,
    "in the job's log",
    "everybody who can read the log reads every variable that is not masked, and masks miss encoded and short values",
    check,
    follows="include-unpinned",
)
