# SPDX-License-Identifier: Apache-2.0
"""Which steps and jobs are the guard itself, and what takes its failure away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline_guard.gate.ci_facts import Step
from pipeline_guard.gate.shell import Command, commands

_ACTION = re.compile(r"(?:[^@]*/pipeline-guard(?:/[^@]*)?|(?:\./|\$/)(?:[^@]*/)?actions)/(scan|gate|verify)(?:@.*)?", re.IGNORECASE)
_OURS = re.compile(r"pipeline[-_]guard")
_VERBS = ("scan", "gate", "verify")
_COMPONENT = re.compile(r"(?:.*/)?pipeline-guard/(?:scan|gate|verify)@.*|(?:.*/)?gitlab-templates/(?:scan|gate|verify)\.yml")


def guarding_verb(step: Step) -> str:
    """Return the verb of ours that a step runs and whose failure must count; "" for other steps."""
    found = _ACTION.fullmatch(step.uses) if len(step.uses) < 400 else None
    if found:
        return found[1].lower()
    return next((verb for command in commands(step.run) if (verb := command_verb(command))), "") if _OURS.search(step.run) else ""


def command_verb(command: Command) -> str:
    """Return the verb of a command of ours; "" for other commands."""
    names = command.names
    if names[:2] == ["uv", "run"] or names[:2] == ["pipx", "run"]:
        names = names[2:]
    if names[1:3] == ["-m", "pipeline_guard"]:
        names = names[2:]
    if names and names[0].rpartition("/")[2] in ("pipeline-guard", "pipeline_guard"):
        return next((name for name in names[1:] if name in _VERBS), "")
    return ""


def softened(text: str, *, pipefail: bool) -> tuple[int, str] | None:
    """Return the line (from 0) and the way in which a script drops a verb's exit code; None where it does not.

    ``pipefail`` tells whether the shell is started with it.
    """
    listed = list(commands(text))
    pipefail = pipefail or "pipefail" in text
    fails = True
    for at, command in enumerate(listed):
        names = command.names
        if names[:1] == ["set"]:
            fails = _errexit(names[1:], fails)
        verb = command_verb(command)
        if not verb:
            continue
        following = listed[at + 1].names if at + 1 < len(listed) else []
        excused = following[:1] in (["true"], [":"], ["echo"], ["printf"]) or following[:2] == ["exit", "0"]
        if command.operator == "||" and excused:
            return command.line, f"{verb} || {' '.join(following[:2])}"
        if command.operator == "|" and not pipefail:
            return command.line, f"{verb} | {following[0] if following else ''} without pipefail"
        if not fails and not _reads_code(listed[at + 1 :]):
            return command.line, f"{verb} after set +e"
    return None


def _errexit(options: Sequence[str], before: bool) -> bool:
    for option in options:
        if re.fullmatch(r"\+[a-z]*e[a-z]*", option):
            before = False
        elif re.fullmatch(r"-[a-z]*e[a-z]*", option):
            before = True
    return before


def _reads_code(following: Sequence[Command]) -> bool:
    """Tell whether what comes after the verb looks at its exit code, or the verb is the last command."""
    return not following or any("$?" in word.text or "PIPESTATUS" in word.text for command in following for word in command.words)


def includes_guard(target: str) -> bool:
    """Tell whether a GitLab include or component is one of ours."""
    return _COMPONENT.fullmatch(target.lstrip("/")) is not None or _COMPONENT.fullmatch(target) is not None
