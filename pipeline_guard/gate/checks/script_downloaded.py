# SPDX-License-Identifier: Apache-2.0
"""Programs taken from the network and run in the same breath."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ScriptFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import Command, commands, continued, runs_input
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FETCHERS = {"curl", "wget"}
_SUBSTITUTED = re.compile(
    r"(?:\b(?:ba|z|da|k)?sh|\bsource|(?:^|[;&|\s])\.|\beval|\bpython3?)\s+(?:-\w+\s+)*[\"']?(?:<\(|\$\(|`)\s*(?:curl|wget)\s[^)`\n]{0,400}",
    re.MULTILINE,
)
_POWERSHELL = re.compile(
    r"\b(?:iex|invoke-expression)\b[^\n]{0,400}\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b"
    r"|\b(?:iwr|irm|invoke-webrequest|invoke-restmethod)\b[^\n]{0,400}\|\s*(?:iex|invoke-expression)\b",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"(https?://)?(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)")


def check(facts: ScriptFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every download that is piped or substituted into a shell or an interpreter."""
    for script in facts.scripts:
        if not any(word in script.text for word in ("curl", "wget", "iwr", "irm", "Invoke-", "ownloadString")):
            continue
        listed = list(commands(continued(script.text)))
        for at, command in enumerate(listed):
            if _fetches(command) and command.operator == "|" and (runner := runs_input(listed[at + 1 :])):
                yield _problem(facts.path, script.line + command.line, f"{command.names[0]} | {runner}")
        for pattern in (_SUBSTITUTED, _POWERSHELL):
            for found in pattern.finditer(script.text):
                yield _problem(facts.path, script.line + script.text.count("\n", 0, found.start()), found[0].strip()[:60])


def _problem(path: str, line: int, what: str) -> Problem:
    fix = "download a fixed version to a file, compare its digest (echo 'HEX  FILE' | sha256sum --check), then run it"
    return Problem(Location(path, line), what, fix)


def _fetches(command: Command) -> bool:
    names = command.names
    return bool(names) and names[0].rpartition("/")[2] in _FETCHERS and not any(_LOCAL.match(name) for name in names[1:])


RULE = Rule(
    "script-downloaded",
    Kind.SCRIPT,
    "runs what it downloads",
    "whoever serves that address today runs commands here, and nothing says what they were",
    check,
)
