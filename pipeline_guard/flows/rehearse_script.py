# SPDX-License-Identifier: Apache-2.0
"""Somebody's shell script, rehearsed: never started, the calls of our command in it answered one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_guard.flows.rehearse import RehearseDoors
from pipeline_guard.model.staged import Call, Rehearsed
from pipeline_guard.rehearse.calls import ScriptCall, calls, expand
from pipeline_guard.rehearse.hidden import hidden
from pipeline_guard.rehearse.scope import NOT_KNOWN

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Script:
    """What concerns us in a script: calls, lines that nobody can be sure of, and files that it starts and that call us."""

    calls: tuple[ScriptCall, ...]
    unclear: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.calls or self.unclear)


def read_script(script: str, doors: RehearseDoors, *, shell: str = "", folder: str = "") -> Script:
    """Find what concerns us. ``shell`` is as GitHub's key says, "" for the default one."""
    program = shell.split(maxsplit=1)[0] if shell.split() else ""
    given = shell.split()[1:]  # a template of one's own says itself how the shell is started
    found, unclear = calls(
        _EXPRESSION.sub("X", script) if "${{" in script else script,
        pipefail=(program == "bash" and not given) or "pipefail" in given,
        stops=not given or any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in given),
    )
    if program not in ("", "bash", "sh"):
        mentions = found or unclear
        return Script((), (f"a script of {program} calls pipeline-guard",) if mentions else ())
    inside = hidden(script, folder.strip("/"), doors.read)
    return Script(tuple(found), (*unclear, *(f"{what} calls pipeline-guard, and is not read" for what in inside)))


def words_of(call: ScriptCall, environment: Mapping[str, str], entry: Rehearsed) -> tuple[tuple[str, ...], list[str]]:
    """Return a call's words with their variables replaced, and the variables that have no value here."""
    missing: list[str] = []
    whole = [expand(word, environment, missing) for word in call.words]
    # a shell leaves out what is empty; behind an option it is most often quoted
    words = tuple(word for at, word in enumerate(whole) if word or not call.words[at] or whole[at - 1].startswith("--"))
    named = list(dict.fromkeys(missing))
    entry.notes += [f"{name} has no value here and is taken as empty" for name in named if name != NOT_KNOWN]
    entry.label = " ".join(words if words[0] != "run" else ("run", "--", "..."))
    if not call.counts:
        entry.counts = False
        entry.notes.append("the script goes on whatever this command answers")
    if not call.certain:
        entry.certain = False
        entry.notes.append("whether the script goes by this answer cannot be told here")
    return words, named


def answer_script_call(words: tuple[str, ...], environment: Mapping[str, str], folder: str, entry: Rehearsed, doors: RehearseDoors) -> None:
    """Have one call of a script answered; fill the entry."""
    if folder == doors.root or folder.startswith(f"{doors.root}/"):
        folder = folder.removeprefix(doors.root).strip("/")
    inside = folder.removeprefix("./").strip("/") if folder not in ("", ".") else ""
    if folder.startswith("/") or ".." in inside.split("/"):
        entry.code = 6
        entry.notes.append(f"not checked: it runs in {folder}, outside the repository")
        return
    entry.settings = {name: value for name, value in environment.items() if name.startswith("PIPELINE_GUARD_") and value}
    answer = doors.performer.answer(Call(words, dict(environment), f"{doors.root}/{inside}" if inside else doors.root))
    entry.code = answer.code
    entry.said = (answer.out + answer.err).decode("utf-8", "replace")


def first_line(script: str) -> str:
    """Return the first line of a script, cut, to name it by."""
    return next(iter(script.strip().splitlines()), "")[:80]
