# SPDX-License-Identifier: Apache-2.0
"""Calls of our command in somebody's shell script, found without running it, and whether the script goes by their answers.

Only what can be told for sure is told: a line whose call is wrapped in something else is ``unclear``.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MENTION = re.compile(r"\bpipeline[-_]guard\b")
_STARTERS = frozenset(("then", "else", "do", "time", "exec", "env", "command", "sudo", "{", "("))
# What starts a program out of an environment; behind these words and their options stands its name.
_RUNNERS = (
    ("uvx",), ("uv", "run"), ("uv", "tool", "run"), ("pipx", "run"), ("poetry", "run"), ("pdm", "run"), ("hatch", "run"), ("pipenv", "run"),
    ("conda", "run"), ("mise", "exec"),
)  # fmt: skip
_NAMED = re.compile(r"(?:.*/)?pipeline-guard(?:\[[\w,-]*\])?(?:(?:@|==)[\w.+-]+)?")  # uvx pipeline-guard@1.2
_HERE = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
# What the shell puts there, and only a shell can: `$(...)`, backquotes, `$1`, `${X:-y}`.
_FROM_SHELL = re.compile(r"`|\$(?:\(|[^A-Za-z_{\s]|$)|\$\{(?!\w+\})")
_ASKERS = frozenset(("if", "elif", "while", "until", "!"))  # what follows is a question: its answer fails nothing
_INSTALLS = frozenset(
    ("pip", "pip3", "pipx", "uv", "install", "echo", "printf", "git", "cat", "cp", "ls", "which", "curl", "cd", "mkdir", "rm", "test")
)
_ENDS = re.compile(r"\b(?:exit|return)\b(?!\s+0\b)|(?:^|[;&|{]|then|else)\s*false\b", re.MULTILINE)
_HARMLESS = frozenset((":", "true", "echo", "printf", "cat", "exit", "return", "tee", "rm", "touch", "mkdir", "sleep"))
_LOST = "?"  # the folder of a script that went where nobody can tell
_REFUSALS = frozenset(("false", "exit 1", "exit 2", "exit $?", 'exit "$?"', "return 1", "exit"))


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """The words behind our name; ``counts`` is False where the script goes on whatever they answer.

    ``folder`` is where the script stands by then, from where it began.
    """

    words: tuple[str, ...]
    counts: bool = True
    folder: str = ""
    certain: bool = True  # whether that is sure


@dataclass(frozen=True, slots=True)
class _Part:
    words: tuple[str, ...]
    before: str  # the operator in front: "", "&&", "||", "|", ";", "&"
    after: str
    marks: str = ""  # parentheses in front


def calls(script: str, *, pipefail: bool, stops: bool = True) -> tuple[list[ScriptCall], list[str]]:
    """Return the calls of a script, and the lines that mention us in another way.

    ``pipefail`` and ``stops`` (``set -e``) are how the forge starts the shell.
    """
    found: list[ScriptCall] = []
    unclear: list[str] = []
    lines, read_by_a_shell = _lines(script)
    unclear += [line.strip() for line in read_by_a_shell if _MENTION.search(line)]
    pipefail = pipefail or bool(re.search(r"^\s*set\b.*\bpipefail\b", script, re.MULTILINE))
    folder = ""
    for number, line in enumerate(lines):
        changed = re.match(r"\s*set\s+([-+])\w*e", line)
        stops = changed[1] == "-" if changed else stops
        if not _MENTION.search(line) and not _moves(line):
            continue
        try:
            parts = _parts(_tokens(line))
        except ValueError:
            unclear += [line.strip()] * bool(_MENTION.search(line))
            continue
        last = number == len(lines) - 1
        before: list[str] = []
        for at, part in enumerate(parts):
            if "(" in part.marks:
                before.append(folder)
            if ")" in part.marks and before:  # what a subshell did to its folder is over
                folder = before.pop()
            if part.words[:1] in (("cd",), ("pushd",)):
                folder = _joined(folder, part.words[1:])
                continue
            if part.words[:1] == ("popd",):
                folder = _LOST
            ours, asked = _our_words(part.words)
            if ours is None:
                if any(_MENTION.search(word) for word in part.words) and not _INSTALLS & {word.rpartition("/")[2] for word in part.words}:
                    unclear.append(line.strip())
            elif ours and not ours[0].startswith("-") and ours[0] != "dry-run":
                own = ours[: ours.index("--")] if "--" in ours else ours  # what `run` starts is not started here
                if folder == _LOST or any(_FROM_SHELL.search(word) for word in own):
                    unclear.append(line.strip())
                    continue
                counts: bool | None = (
                    _asked_counts(lines[number:]) if asked else _counts(parts, at, pipefail=pipefail, stops=stops, last=last)
                )
                if counts is False:
                    counts = _later(parts, at, lines[number:])
                found.append(ScriptCall(ours, counts is not False, folder, counts is not None))
    return found, unclear


def _asked_counts(lines: list[str]) -> bool:
    """Tell whether the answer to ``if`` makes the script fail: whether one of the branches ends it."""
    for line in lines:
        if _ENDS.search(line):
            return True
        if re.search(r"(?:^|;)\s*(?:fi|done)\b", line):
            break
    return False


def _later(parts: list[_Part], at: int, lines: list[str]) -> bool | None:
    """Tell whether a script that goes on ends by this answer after all; None where it may."""
    text = "\n".join(lines)
    end = next((place for place in range(at, len(parts)) if parts[place].after != "|"), at)
    behind = parts[end + 1].words if parts[end].after == "||" and end + 1 < len(parts) else ()
    kept = re.search(r"\b(\w+)=[\"']?\$(?:\?|\{PIPESTATUS)", "\n".join(lines[:2]))
    if kept:
        return True if re.search(rf"\bexit\s+[\"']?\$\{{?{kept[1]}\b", text) else None if _ENDS.search(text) else False
    if behind[:1] == ("{",) or (behind and "(" in parts[end + 1].marks):
        return bool(_ENDS.search(text.partition("||")[2].partition("}" if behind[0] == "{" else ")")[0]))
    if behind and re.fullmatch(r"\w+=.*", behind[0]):
        return None if _ENDS.search(text) else False
    harmless = not behind or behind[0].rpartition("/")[2] in _HARMLESS
    return False if harmless else None


def _lines(script: str) -> tuple[list[str], list[str]]:
    """Return a script's lines without comments and texts in it; and such texts that a shell reads in its turn."""
    found: list[str] = []
    texts: list[str] = []
    end, into = "", texts
    for line in script.replace("\\\n", " ").splitlines():
        if end:
            if line.strip() == end:
                end = ""
            else:
                into.append(line)
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        here = _HERE.search(line)
        if here and "<<<" not in line:
            end, into = here[2], texts if re.search(r"\b(?:ba|da|z)?sh\b", line) else []
        found.append(line)
    return found, texts


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def _moves(line: str) -> bool:
    return re.search(r"\b(?:cd|pushd|popd)\b", line) is not None


def _joined(folder: str, words: tuple[str, ...]) -> str:
    """Return where ``cd`` goes, ``_LOST`` where that cannot be told."""
    named = [word for word in words if word != "--"]
    if folder == _LOST or len(named) != 1 or named[0].startswith(("/", "-", "~")) or "$" in named[0] or "`" in named[0]:
        return _LOST
    return posixpath.normpath(posixpath.join(folder, named[0]))


def commands(script: str) -> Iterator[tuple[str, ...]]:
    """Give the words of every command of a script, as far as they can be told."""
    for line in _lines(script)[0]:
        try:
            parts = _parts(_tokens(line))
        except ValueError:
            continue
        for part in parts:
            words = part.words[len(list(_leading(part.words))) :]
            if words:
                yield words


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
    marks: list[str] = [""]
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
                marks.append(token)
                continue
            if len(marks) < len(commands):
                marks.append("")
        else:
            commands[-1].append(token)
    return [
        _Part(tuple(words), operators[at], operators[at + 1] if at + 1 < len(operators) else "", marks[at])
        for at, words in enumerate(commands)
        if words or at == 0 or marks[at]
    ]


def _our_words(words: tuple[str, ...]) -> tuple[tuple[str, ...] | None, bool]:
    """Return what follows our name, None for other commands; and whether it only answers a question."""
    rest, asked = list(words), False
    for word in _leading(words):
        asked = asked or word in _ASKERS
        rest.pop(0)
    if not rest:
        return None, asked
    for runner in _RUNNERS:
        if tuple(rest[: len(runner)]) == runner:
            rest = _behind(rest[len(runner) :])
            break
    if not rest:
        return None, asked
    name = rest[0].rpartition("/")[2]
    if _NAMED.fullmatch(rest[0]):
        return tuple(rest[1:]), asked
    if re.fullmatch(r"python[0-9.]*", name) and rest[1:3] == ["-m", "pipeline_guard"]:
        return tuple(rest[3:]), asked
    return None, asked


def _behind(words: list[str]) -> list[str]:
    """Return the program's name that stands behind a runner's options, and its words; nothing where it is another's."""
    for at, word in enumerate(words):
        takes = at > 0 and words[at - 1] in (
            "--from",
            "--with",
            "--spec",
            "-p",
            "--python",
            "--project",
            "--directory",
            "--extra",
            "--group",
            "-n",
        )
        if _NAMED.fullmatch(word) and not takes:
            return words[at:]
        if re.fullmatch(r"python[0-9.]*", word) and not takes:
            return words[at:]
        if not word.startswith("-") and not takes:
            return []
    return []


def _leading(words: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word not in _STARTERS and word not in _ASKERS and not re.fullmatch(r"[A-Za-z_]\w*=.*", word, re.DOTALL):
            return
        yield word
