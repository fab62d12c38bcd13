# SPDX-License-Identifier: Apache-2.0
"""Submodules that come unprotected, from anywhere, or run something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Submodule, SubmoduleFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_PLAIN = re.compile(r"(http|git|ftp)://", re.IGNORECASE)
_HELPER = re.compile(r"(ext|fd)::|[a-z+]+::", re.IGNORECASE)


def check(facts: SubmoduleFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every entry with one of these; the commit itself is pinned by the tree."""
    for submodule in facts.submodules:
        what, fix = _judge(submodule)
        if what:
            yield Problem(Location(facts.path, submodule.line), f"{submodule.name}: {what}"[:120], fix)


def _judge(submodule: Submodule) -> tuple[str, str]:
    if submodule.update.startswith("!"):
        return "update runs a command", "remove update"
    if _HELPER.match(submodule.url) or submodule.url.startswith("-"):
        return f"the address {submodule.url} starts a program", "use an https address"
    if _PLAIN.match(submodule.url):
        return f"{submodule.url} is not encrypted", "use https"
    if submodule.path.startswith("-") or ".." in submodule.path.split("/") or submodule.path.startswith("/"):
        return f"the path {submodule.path} leaves the tree", "use a path inside the repository"
    if not submodule.url:
        return "no address", "git submodule add writes a whole entry"
    return "", ""


RULE = Rule(
    "submodule-unsafe",
    Kind.SUBMODULE,
    "in .gitmodules",
    "a checkout with submodules runs it, or takes whatever somebody on the way sends",
    check,
)
