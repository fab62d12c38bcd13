# SPDX-License-Identifier: Apache-2.0
"""GitLab includes and components whose content can change behind our back."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts, Include
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# This project at the commit that runs: as fixed as the file itself.
_OWN = re.compile(r"(\$CI_SERVER_FQDN|\$CI_SERVER_HOST)/\$CI_PROJECT_PATH/[^@$]+@\$CI_COMMIT_SHA")


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every project, component or remote include that names no fixed content.

    Local files are the change's own; templates come with the GitLab instance.
    """
    for include in facts.includes:
        fix = _fix(include)
        if fix:
            yield Problem(Location(facts.path, include.line), f"{include.kind} {include.target}", fix)


def _fix(include: Include) -> str:
    """Return what pins an include; "" where it is pinned."""
    if include.kind == "project":
        return "" if _COMMIT.fullmatch(include.ref) or include.ref == "$[[ component.sha ]]" else "add ref: FULL_COMMIT"
    if include.kind in ("step", "action"):
        return "" if _COMMIT.fullmatch(include.target.rpartition("@")[2]) else "put the full commit behind the @"
    if include.kind == "component":
        version = include.target.rpartition("@")[2]
        return "" if _COMMIT.fullmatch(version) or _OWN.fullmatch(include.target) else "put the full commit behind the @"
    if include.kind == "remote":
        return "" if _is_integrity(include.integrity) else "add integrity: sha256-BASE64 (openssl dgst -sha256 -binary FILE | base64)"
    return ""


def _is_integrity(text: str) -> bool:
    algorithm, _, value = text.partition("-")
    try:
        return algorithm == "sha256" and len(base64.b64decode(value, validate=True)) == 32
    except binascii.Error:
        return False


RULE = Rule(
    "include-unpinned",
    Kind.GITLAB,
    "not pinned to a full commit or hash",
    "whoever can change what it names runs code in this pipeline, with its variables",
    check,
)
