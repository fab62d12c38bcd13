# SPDX-License-Identifier: Apache-2.0
"""The job's own tokens, sent to a host that is not GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.gitlab_tokens import JOB_TOKENS
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_TOKENS = JOB_TOKENS | {"CI_JOB_JWT_V2"}
_SENDERS = {"curl", "wget", "http", "https", "xh", "nc", "ncat"}
_ADDRESS = re.compile(r"[\"']?(https?)://(?:[^/@\s]*@)?([^/\s\"':?#]+)([^\s\"']*)", re.IGNORECASE)
_GITLAB = re.compile(r"/api/v4(?:/|$)|\.git(?:/|$)|/oauth/|/jwt/auth")  # paths of GitLab itself, on whatever host it lies


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every command that hands such a token to an address which is none of GitLab's, or to any without TLS."""
    for script in facts.scripts:
        for command in commands(script.text):
            program = next(iter(command.names), "").rpartition("/")[2]
            shown = {name for word in command.words for name, _quoted in word.variables} & _TOKENS
            host = _foreign([word.text for word in command.words]) if shown and program in _SENDERS else ""
            if host:
                fix = "send it to $CI_API_V4_URL alone, and ask for an id_token with an audience of its own for other hosts"
                yield Problem(Location(facts.path, script.line + command.line), f"${min(shown)} for {host}"[:100], fix)


def _foreign(words: Sequence[str]) -> str:
    for word in words:
        found = _ADDRESS.match(word)
        if found is None or "$" in found[2]:
            continue
        host = found[2].lower()
        if found[1].lower() == "http" or not (host.split(".")[0].startswith("gitlab") or _GITLAB.search(found[3])):
            return host
    return ""


RULE = Rule(
    "gitlab-token-sent",
    Kind.GITLAB,
    "in a request",
    "whoever gets it acts as this job until the job ends: reads the project, its registry and every project that lets it in",
    check,
    follows="include-unpinned",
)
