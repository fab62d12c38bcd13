# SPDX-License-Identifier: Apache-2.0
"""Calls of our command in somebody's shell script, found without running it, and whether the script goes by their answers.

Only what can be told for sure is told: a line whose call is wrapped in something else is ``unclear``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MENTION = re.compile(r"\bpipeline[-_]guard\b")
_STARTERS = frozenset(("then", "else", "do", "time", "exec", "env", "command", "sudo", "uvx", "{", "("))
_ASKERS = frozenset(("if", "elif", "while", "until", "!"))  # what follows is a question: its answer fails nothing
_INSTALLS = frozenset(
    ("pip", "pip3", "pipx", "uv", "install", "echo", "printf", "git", "cat", "cp", "ls", "which", "curl", "cd", "mkdir", "rm", "test")
)
_REFUSALS = frozenset(("false", "exit 1", "exit 2", "exit $?", 'exit "$?"', "return 1", "exit"))


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """The words behind our name; ``counts`` is False where the script goes on whatever they answer."""

    words: tuple[str, ...]
    counts: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    words: tuple[str, ...]
    before: str  # the operator in front: "", "&&", "||", "|", ";", "&"
    after: str


def calls(script: str, *, pipefail: bool, stops: bool = True) -> tuple[list[ScriptCall], list[str]]:
    """Return the calls of a script, and the lines that mention us in another way.

    ``pipefail`` and ``stops`` (``set -e``) are how the forge starts the shell.
    """
    found: list[ScriptCall] = []
    unclear: list[str] = []
    lines = [line for line in script.replace("\\\n", " ").splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if re.search(r"^\s*set \+e", script, re.MULTILINE):
        stops = False
    pipefail = pipefail or bool(re.search(r"^\s*set\b.*\bpipefail\b", script, re.MULTILINE))
    for number, line in enumerate(lines):
        if not _MENTION.search(line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = "#"
        try:
            parts = _parts(list(lexer))
        except ValueError:
            unclear.append(line.strip())
            continue
        last = number == len(lines) - 1
        for at, part in enumerate(parts):
            ours, asked = _our_words(part.words)
            if ours is None:
                if any(_MENTION.search(word) for word in part.words) and not _INSTALLS & {word.rpartition("/")[2] for word in part.words}:
                    unclear.append(line.strip())
            elif ours and not ours[0].startswith("-") and ours[0] != "dry-run":
                found.append(ScriptCall(ours, not asked and _counts(parts, at, pipefail=pipefail, stops=stops, last=last)))
    return found, unclear


def expand(word: str, environment: Mapping[str, str], missing: list[str]) -> str:
    """Replace ``$NAME`` by a variable; what has no value is empty and put on the list."""

    def replace(found: re.Match[str]) -> str:
        value = environment.get(found[1] or found[2])
        if value is None:
            missing.append(found[0])
        return value or ""

    return re.sub(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", replace, word)


def _counts(parts: list[_Part], at: int, *, pipefail: bool, stops: bool, last: bool) -> bool:
    """Tell whether the script fails when this command does."""
    part = parts[at]
    if part.after == "|" and not pipefail:
        return False
    end = at
    while end < len(parts) - 1 and parts[end].after == "|":
        end += 1
    if parts[end].after == "&":
        return False
    if parts[end].after == "||":
        return " ".join(parts[end + 1].words) in _REFUSALS if end + 1 < len(parts) else False
    if parts[end].after == "&&":
        # `set -e` ignores a list's failure but at its end; as the script's last line it is the script's status
        rest = next((place for place in range(end, len(parts)) if parts[place].after not in ("&&", "|")), len(parts) - 1)
        if parts[rest].after == "||":
            return False
        return last and rest == len(parts) - 1
    return stops or (last and end == len(parts) - 1)


def _parts(tokens: list[str]) -> list[_Part]:
    """Divide a line at its operators; redirections and their targets are the shell's."""
    commands: list[list[str]] = [[]]
    operators: list[str] = [""]
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif token and set(token) <= set("();<>|&"):
            if set(token) & set("<>"):
                skip = True
                if commands[-1] and commands[-1][-1].isdigit():  # the 2 of 2>
                    commands[-1].pop()
            elif token in ("&&", "||", "|", "|&", ";", ";;", "&"):
                operators.append("|" if token == "|&" else token)
                commands.append([])
            else:
                operators.append(";")
                commands.append([])
        else:
            commands[-1].append(token)
    return [
        _Part(tuple(words), operators[at], operators[at + 1] if at + 1 < len(operators) else "")
        for at, words in enumerate(commands)
        if words or at == 0
    ]


def _our_words(words: tuple[str, ...]) -> tuple[tuple[str, ...] | None, bool]:
    """Return what follows our name, None for other commands; and whether it only answers a question."""
    rest, asked = list(words), False
    for word in _leading(words):
        asked = asked or word in _ASKERS
        rest.pop(0)
    if not rest:
        return None, asked
    name = rest[0].rpartition("/")[2]
    if name == "pipeline-guard":
        return tuple(rest[1:]), asked
    if re.fullmatch(r"python[0-9.]*", name) and rest[1:3] == ["-m", "pipeline_guard"]:
        return tuple(rest[3:]), asked
    return None, asked


def _leading(words: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word not in _STARTERS and word not in _ASKERS and not re.fullmatch(r"[A-Za-z_]\w*=.*", word, re.DOTALL):
            return
        yield word
