# SPDX-License-Identifier: Apache-2.0
"""Passwords and tokens written out as variables of a GitLab file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

# What the name of a secret ends with; what tells where one lies, or whose it is, is none.
_NAME = re.compile(
    r"(?:.*[_-])?(?:passw(?:or)?d|passphrase|secret|token|api_?key|access_?key|secret_?key|private_?key|credentials?|client_?secret)",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"test|example|dummy|change_?me|placeholder|local|fake|sample|x{3}|postgres|mysql|passw|secret|token|your|none|null|todo", re.IGNORECASE
)
_MIN = 12  # characters of a value that nobody takes for a word


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every variable whose name says secret and whose value is written out; the value itself is never given."""
    fix = "rotate it, and set it as a protected, masked variable of the project, or fetch it with pipeline-guard run"
    for name, value in facts.variables.items():
        if _is_secret(name, value):
            yield Problem(Location(facts.path, facts.variable_lines.get(name, 1)), f"the value of {name[:80]}", fix)
    for job in facts.jobs:
        for name, value in job.variables.items():
            if _is_secret(name, value):
                yield Problem(Location(facts.path, job.lines.get("variables", job.line)), f"{job.name[:80]}: the value of {name[:80]}", fix)


def _is_secret(name: str, value: str) -> bool:
    if not _NAME.fullmatch(name[:200]) or not _MIN <= len(value) <= 4096 or "$" in value or re.search(r"\s", value.strip()):
        return False
    if value.startswith(("/", "./", "{")) or "://" in value or _PLAIN.search(value):
        return False
    return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))


RULE = Rule(
    "gitlab-variable-secret",
    Kind.GITLAB,
    "stands in the file",
    "everybody who can read the repository, and every job of every branch, has it",
    check,
    follows="include-unpinned",
)
