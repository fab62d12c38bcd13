# SPDX-License-Identifier: Apache-2.0
"""Shell texts as simple commands, far enough to tell which variables are quoted and which texts are read again as code.

POSIX shell quoting, heredocs and command substitution; nothing is run. A text of another shell gives odd commands, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_]\w*")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
_MAX_DEPTH = 8
_SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "ash", "su", "/bin/sh", "/bin/bash"}
_PROGRAMS = {"python", "python3", "node", "perl", "ruby", "php"}
_POWERSHELL = {"pwsh", "powershell", "pwsh.exe", "powershell.exe"}
_BEFORE = {"sudo", "env", "then", "do", "else", "exec", "command", "time", "!", "{", "(", "if", "while", "until", "elif", "nohup"}


@dataclass(slots=True)
class Word:
    """One word as written without its quotes, in pieces; ``variables`` are the names in it, each with whether it is quoted."""

    pieces: list[str] = field(default_factory=list)
    variables: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the word."""
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


@dataclass(slots=True)
class Command:
    """One simple command: its words, its line (from 0) and the operator behind it ("|", "&&", "||", ";" or "").

    ``heredocs`` are the texts it is given as input, as written with the line of the first, ``input`` the same as words.
    """

    line: int
    words: list[Word] = field(default_factory=list)
    operator: str = ""
    heredocs: list[tuple[int, str]] = field(default_factory=list)
    input: list[Word] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Return its words from the program's name on, without assignments and prefixes such as sudo."""
        texts = [word.text for word in self.words]
        prefixed = False
        while texts and (texts[0] in _BEFORE or _ASSIGNMENT.fullmatch(texts[0]) or (prefixed and texts[0].startswith("-"))):
            prefixed = texts[0] in ("sudo", "env") or prefixed
            texts = texts[1:]
        return texts


def commands(text: str, line: int = 0, depth: int = 0) -> Iterator[Command]:
    """Give the simple commands of a text, those of command substitutions before the command they are in."""
    if depth > _MAX_DEPTH:
        return
    if depth == 0:
        text = text.replace("\r", "")  # no line of its own: line ends of Windows, or nothing that a shell would end a line at
    text = text.replace("\\\n", "\r")  # a continued line is one command, its words go on; \r keeps the count of lines
    yield from _Scanner(text, line, depth).run()


def continued(text: str) -> str:
    r"""Return a script of a build file, in which \r marks the ends of continued lines, as a shell would have it."""
    return text.replace("\r", "\\\n")


def rereads(command: Command) -> list[Word]:
    """Return the words of a command that some program reads as code: of eval, sh -c, python -c, ssh and their like; or is fed."""
    names = [word.text.rpartition("/")[2] for word in command.words]
    program = next(iter(command.names), "").rpartition("/")[2]
    if program == "eval":
        return command.words[1:]
    if program == "ssh":
        return command.words[2:] + command.input
    fed, reader = command.input, command
    for at, word in enumerate(command.words):
        if at and word.text.startswith("<<<"):
            fed = [*fed, *command.words[at:]]
            reader = Command(command.line, command.words[:at])
            break
    if fed and runs_input([reader]):
        return fed
    for at, name in enumerate(names[:-1]):
        if (name in _SHELLS or name in _PROGRAMS) and at + 2 < len(names):
            for behind in range(at + 1, len(names) - 1):
                option = names[behind]
                if not option.startswith("-"):
                    break
                if option.endswith("c" if name != "node" and name not in ("perl", "ruby") else "e"):
                    return [command.words[behind + 1]]
        if name.lower() in _POWERSHELL:
            for behind in range(at + 1, len(names) - 1):
                if names[behind].lower() in ("-c", "-command", "/c", "/command"):
                    return command.words[behind + 1 :]
    return []


def piped(following: Sequence[Command]) -> list[Word]:
    """Return the words of the first command if what it prints ends in a shell or interpreter that runs it."""
    first = following[0]
    return first.words[1:] + first.input if first.operator == "|" and runs_input(following[1:]) else []


def runs_input(following: Sequence[Command]) -> str:
    """Return the program that a pipeline ends in, if it runs what comes in."""
    for command in following:
        names = command.names
        program = names[0].rpartition("/")[2] if names else ""
        options = names[1:]
        if program in _SHELLS and not any(option.startswith("-") and option.endswith("c") for option in options[:1]):
            return program
        if program in _PROGRAMS and (not options or options[0] in ("-", "/dev/stdin")):
            return program
        if program in ("xargs", "parallel") and any(
            option.rpartition("/")[2] in _SHELLS and options[at + 1] == "-c" for at, option in enumerate(options[:-1])
        ):
            return program
        if command.operator != "|":
            break
    return ""


class _Scanner:
    def __init__(self, text: str, line: int, depth: int) -> None:
        self.text, self.line, self.depth = text, line, depth
        self.at = 0
        self.command = Command(line)
        self.word: Word | None = None
        self.inner: list[Command] = []
        self.resume = 0  # where the text goes on behind the heredocs of this line, 0 where it has none
        self.skipped = 0  # lines up to there

    def run(self) -> Iterator[Command]:
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\r":
                self.line += 1
                self.at += 1
            elif letter in " \t":
                self._end_word()
                self.at += 1
            elif letter == "#" and self.word is None:
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter in "\n;|&()":
                yield from self._operator(letter)
            elif self.text.startswith("<<<", self.at):  # a word for input, no heredoc
                self._end_word()
                self._put("<<<")
                self._end_word()
                self.at += 3
            elif letter == "<" and (found := _HEREDOC.match(self.text, self.at)):
                self._heredoc(found[2], quoted=bool(found[1]))
                self.at = found.end()
            else:
                self._piece(letter)
        yield from self._end_command("")

    def _operator(self, letter: str) -> Iterator[Command]:
        pair = self.text[self.at : self.at + 2]
        before = self.text[self.at - 1 : self.at]
        if letter == "&" and (before in (">", "<") or pair == "&>"):  # 2>&1
            self._put("&")
            self.at += 1
            return
        operator = pair if pair in ("||", "&&", ";;") else letter
        self.at += len(operator)
        yield from self._end_command("|" if operator == "|" else operator if operator in ("||", "&&") else ";")
        if letter == "\n":
            self.line += 1 + self.skipped
            self.at = self.resume or self.at
            self.resume = self.skipped = 0
            self.command.line = self.line

    def _heredoc(self, mark: str, *, quoted: bool) -> None:
        """Take the lines behind this one up to ``mark`` for the command's input; in a quoted one nothing is expanded."""
        end = self.text.find("\n", self.at)
        start = at = self.resume or (len(self.text) if end < 0 else end + 1)
        first = self.line + 1 + self.skipped
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            line, before, at = self.text[at:end], at, min(end + 1, len(self.text))
            self.skipped += 1 + line.count("\r")
            if line.strip() == mark:
                break
        else:
            before = at
        self.resume = at
        body = self.text[start:before]
        inside = _Scanner(body, first, self.depth + 1)
        inside.word = Word()
        while not quoted and inside.at < len(body) and self.depth < _MAX_DEPTH:
            inside._inside(quoted=True)
        self.inner += inside.inner
        self.command.heredocs.append((first, continued(body)))
        self.command.input.append(Word([body]) if quoted else inside.word)

    def _piece(self, letter: str) -> None:
        if letter == "'":
            end = self.text.find("'", self.at + 1)
            end = len(self.text) if end < 0 else end
            self._put(self.text[self.at + 1 : end])
            self.line += self.text.count("\n", self.at, end) + self.text.count("\r", self.at, end)
            self.at = end + 1
        elif letter == '"':
            self.at += 1
            while self.at < len(self.text) and self.text[self.at] != '"':
                self._inside(True)
            self.at += 1
            self._put("")
        else:
            self._inside(False)

    def _inside(self, quoted: bool) -> None:
        letter = self.text[self.at]
        if letter == "\\" and self.at + 1 < len(self.text):
            self._put(self.text[self.at + 1])
            self.at += 2
        elif letter == "`" or self.text.startswith("$(", self.at):
            self._substitution(letter)
        elif letter == "$":
            self._variable(quoted)
        else:
            self.line += letter in "\n\r"
            self._put(letter)
            self.at += 1

    def _substitution(self, letter: str) -> None:
        start = self.at + (1 if letter == "`" else 2)
        at, open_ = start, 1
        while at < len(self.text) and open_:
            found = self.text[at]
            if letter == "`":
                open_ -= found == "`"
            else:
                open_ += (found == "(") - (found == ")")
            at += 1
        inside = self.text[start : at - 1 if not open_ else at]
        if not inside.startswith("("):  # $(( )) computes
            self.inner += commands(inside, self.line, self.depth + 1)
        self.line += inside.count("\n") + inside.count("\r")
        self._put("$()")
        self.at = at

    def _variable(self, quoted: bool) -> None:
        rest = self.text[self.at + 1 : self.at + 130]
        brace = rest.startswith("{")
        found = _NAME.match(rest, 1 if brace else 0)
        if not found:
            self._put("$")
            self.at += 1
            return
        end = self.at + 1 + found.end()
        if brace:
            closing = self.text.find("}", end)
            end = len(self.text) if closing < 0 else closing + 1
        self._put(self.text[self.at : end])
        if self.word is not None:
            self.word.variables.append((found[0], quoted))
        self.at = end

    def _put(self, text: str) -> None:
        if self.word is None:
            self.word = Word()
            if not self.command.words:
                self.command.line = self.line  # it may begin behind line ends
        self.word.pieces.append(text)

    def _end_word(self) -> None:
        if self.word is not None:
            self.command.words.append(self.word)
            self.word = None

    def _end_command(self, operator: str) -> Iterator[Command]:
        self._end_word()
        yield from self.inner
        self.inner = []
        if self.command.words:
            self.command.operator = operator
            yield self.command
        self.command = Command(self.line)
