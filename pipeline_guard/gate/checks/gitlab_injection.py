# SPDX-License-Identifier: Apache-2.0
"""Texts that outsiders write, unquoted in a GitLab script or read again as code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts, Script
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import Command, Word, commands, piped, rereads
from pipeline_guard.gate.untrusted import GITLAB_NAMES, GITLAB_TEXTS
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_INPUT = re.compile(r"\$\[\[\s*inputs\.([\w-]+)([^\]$]{0,300})\]\]")
# Programs that take words as words, and the tests that do not split them.
_HARMLESS = {"echo", "printf", "[[", "case", "export", "local", "readonly", ":", "true", "test", "["}


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every such variable, and every free input of a component pasted into a script."""
    for script in facts.scripts:
        texts = _carriers(script, GITLAB_TEXTS)
        names = _carriers(script, GITLAB_NAMES) | texts
        listed = list(commands(script.text))
        for at, command in enumerate(listed):
            yield from _command(facts.path, script, command, piped(listed[at:]), texts, names)
        for found in _INPUT.finditer(script.text):
            if found[1] in facts.inputs and "posix_escape" not in found[2]:
                line = script.line + script.text.count("\n", 0, found.start())
                fix = f"constrain it with options or regex, or set it under variables: and use it quoted (spec:inputs:{found[1]})"
                yield Problem(Location(facts.path, line), f"the input {found[1]}, pasted into a script", fix)


def _carriers(script: Script, sources: frozenset[str]) -> dict[str, str]:
    """Return the variables that hold such a text, and which one."""
    found = {name: name for name in sources}
    for name, text in script.environment.items():
        source = next((found[each] for each in _VARIABLE.findall(text) if each in found), "")
        if source:
            found[name] = source
    return found


def _command(
    path: str, script: Script, command: Command, handed: list[Word], texts: dict[str, str], names: dict[str, str]
) -> Iterator[Problem]:
    place = Location(path, script.line + command.line)
    read_again = {name for word in [*rereads(command), *handed] for name, _quoted in word.variables}
    for name in sorted(read_again & set(names)):
        yield Problem(place, f"${name}, read as code", "hand it over as an argument, or through the environment in single quotes")
    program = next(iter(command.names), "")
    if program in _HARMLESS or read_again:
        return
    for word in command.words:
        for name, quoted in word.variables:
            if name in texts and not quoted and not re.match(r"[A-Za-z_]\w*\+?=", word.text):
                yield Problem(place, f"${name} without quotes", f'write "${name}"')


RULE = Rule(
    "gitlab-injection",
    Kind.GITLAB,
    "in a script",
    "whoever writes that title, message or branch name adds words and commands to this job",
    check,
    follows="include-unpinned",
)
