# SPDX-License-Identifier: Apache-2.0
"""Dockerfiles to facts: what they fetch and what they run (docs.docker.com, Dockerfile reference). Nothing is built.

Defaults of ``ARG`` are filled in; what only a builder's arguments tell stays as written, with its ``$``.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import DockerfileFacts, Script, Use
from pipeline_guard.model.document import as_text

MAX_BYTES = 1024 * 1024
_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=\s*(\S+)\s*", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1")
# the body is the script, read by a shell where another one is named: RUN <<EOF bash
_ALONE = re.compile(r"((?:\s*+--\S++)*)\s*<<-?\s*([\"']?)[A-Za-z_]\w*\2\s*(?:(?:/\S*/)?(?:ba|z|da|k|a)?sh\s*)?")
_BEGINS = re.compile(
    rb"(?:\s|#[^\n]*\n|ARG [A-Za-z_]\w*(?:=[^\n]*)?\n){0,4096}"
    rb"FROM (?:--platform=\S+ )?[\w.$\{\}@:/-]+(?: [Aa][Ss] [\w.-]+)?[ \t]*\r?(?:\n|$)"
)
_MODELFILE = re.compile(rb"^(?:PARAMETER|TEMPLATE|SYSTEM|ADAPTER|MESSAGE|SELECT|WHERE)\b", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?[-+]([^}$]{0,300}))?\}|([A-Za-z_]\w*))")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")
_URL = re.compile(r"(https?|ftp|git|ssh)://|git@[^/\s]+:", re.IGNORECASE)
_GIT_COMMIT = re.compile(r"[^#]*(?:#|[?&](?:ref|checksum|commit)=)([0-9a-f]{40}|[0-9a-f]{64})\b.*")


@dataclass(frozen=True, slots=True)
class _Instruction:
    line: int
    word: str
    rest: str


def looks_like_one(content: bytes, name: str) -> bool:
    """Tell whether a file of another name is a Dockerfile: its first instruction is FROM with an image, or ARG and then such a FROM.

    An Ollama Modelfile begins with FROM, too, and is none; nor are texts and queries.
    """
    if (
        not _BEGINS.match(content[:4096])
        or name.endswith((".md", ".rst", ".sql", ".adoc", ".py", ".test", "ignore"))
        or name.startswith("modelfile")
    ):
        return False
    return not _MODELFILE.search(content)


def parse(content: bytes, path: str) -> DockerfileFacts:
    """Read a Dockerfile; raise UsageError for one that is too large, no UTF-8, or has no FROM."""
    text = as_text(content, path, limit=MAX_BYTES)
    reader = _Reader()
    lines = text.splitlines()
    escape = reader.directives(lines)
    for instruction in _instructions(lines, escape):
        reader.take(instruction)
    if not reader.has_from:
        raise UsageError(f"{path}:1: no FROM", "a Dockerfile begins with the image it builds on")
    return DockerfileFacts(path, tuple(reader.uses), tuple(reader.scripts), tuple(reader.remote), reader.root())


def _instructions(lines: list[str], escape: str) -> Iterator[_Instruction]:
    """Give the instructions with continuations joined by line ends and heredocs kept."""
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        start, parts = at, list[str]()
        while at < len(lines):
            line = lines[at]
            at += 1
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                parts.append("")  # comments and empty lines between continuations count for nothing
                continue
            continued = line.rstrip().endswith(escape)
            parts.append(line.rstrip()[:-1] if continued else line)
            if not continued:
                break
        joined = "\r".join(parts).strip("\r")
        word, _, rest = joined.strip().replace("\t", " ").partition(" ")
        for mark in [found[2] for found in islice(_HEREDOC.finditer(joined), 20)] if word.upper() in ("RUN", "COPY", "ADD") else []:
            body = []
            while at < len(lines) and lines[at].strip() != mark:
                body.append(lines[at])
                at += 1
            at += 1
            # RUN <<EOF runs the body itself; elsewhere it is data
            alone = _ALONE.fullmatch(rest) if word.upper() == "RUN" else None
            rest = "\n".join([alone[1], *body] if alone else [rest, *body, mark])
        if word:
            yield _Instruction(start + 1, word.upper(), rest)


def _shell_form(text: str) -> str:
    """Return the words of an exec form as the line that a shell would take for the same; everything else as it is."""
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text.replace("\r", " "))
    except (ValueError, RecursionError):
        return text  # so does the builder
    return shlex.join(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else text


class _Reader:
    """Walks the instructions with the stages and arguments known so far."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.scripts: list[Script] = []
        self.remote: list[Use] = []
        self.stages: set[str] = set()
        self.arguments: dict[str, str] = {}
        self.has_from = False
        self.last = ""  # the image of the last stage
        self.user: tuple[int, str] | None = None
        self.starts = 0  # the line of the last CMD or ENTRYPOINT
        self.earlier: dict[str, tuple[str, tuple[int, str] | None]] = {}  # stages by name: image and user
        self.stage = ""

    def directives(self, lines: list[str]) -> str:
        """Take the parser directives at the top; return the escape character."""
        escape = "\\"
        for number, line in enumerate(lines, 1):
            found = _DIRECTIVE.fullmatch(line.strip())
            if not found:
                break
            if found[1].lower() == "syntax":
                self.uses.append(Use(number, found[2], "image"))
            elif found[1].lower() == "escape":
                escape = found[2][:1] or escape
        return escape

    def take(self, instruction: _Instruction) -> None:
        """Take one instruction."""
        word, rest = instruction.word, instruction.rest
        if word == "ONBUILD":
            word, _, rest = rest.strip().partition(" ")
            word = word.upper()
        flags: dict[str, list[str]] = {}
        written = rest
        rest = rest.lstrip()
        while found := _FLAG.match(rest):
            flags.setdefault(found[1], []).append(found[2] or "")
            rest = rest[found.end() :].lstrip()
        skipped = written[: len(written) - len(rest)]
        line = instruction.line + skipped.count("\n") + skipped.count("\r")
        if word == "ARG" and not self.has_from:
            for name, value in re.findall(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S*)", rest):
                self.arguments[name] = self._filled(value.strip("\"'"))
        elif word == "FROM":
            self._from(instruction.line, rest)
        elif word in ("COPY", "ADD"):
            for source in flags.get("from", []):
                self._image(instruction.line, source)
            if word == "ADD":
                self._add(instruction.line, rest, flags)
        elif word == "RUN":
            for mount in flags.get("mount", []):
                for part in mount.split(","):
                    if part.startswith("from="):
                        self._image(instruction.line, part[5:])
            if rest:
                self.scripts.append(Script("", line, _shell_form(rest)))
        elif word == "USER":
            self.user = (instruction.line, self._filled(rest.strip()))
        elif word in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            self.starts = instruction.line if word != "HEALTHCHECK" else self.starts
            script = re.sub(r"CMD\s+", "", rest, count=1, flags=re.IGNORECASE) if word == "HEALTHCHECK" else rest
            self.scripts.append(Script("", line, _shell_form(script)))

    def _from(self, line: int, rest: str) -> None:
        self.has_from = True
        words = rest.split()
        if not words:
            return
        self._image(line, words[0])
        if self.stage:
            self.earlier[self.stage] = (self.last, self.user)
        image = self._filled(words[0]).lower()
        self.last, self.user = self.earlier.get(image, (image, None))
        self.starts, self.stage = 0, ""
        if len(words) >= 3 and words[1].upper() == "AS":
            self.stage = words[2].lower()
            self.stages.add(self.stage)

    def root(self) -> tuple[int, str] | None:
        """Return line and name of the last stage's user where that is root, "" where nothing says and something is started."""
        if self.user is None:
            # an image of that kind has a user of its own
            return (self.starts, "") if self.starts and not re.search(r"non-?root|rootless", self.last) else None
        name = self.user[1].partition(":")[0].lower()
        return self.user if name in ("root", "0") else None

    def _image(self, line: int, named: str) -> None:
        image = self._filled(named)
        if image.lower() != "scratch" and image.lower() not in self.stages and not image.isdigit():
            self.uses.append(Use(line, image, "image"))

    def _add(self, line: int, rest: str, flags: dict[str, list[str]]) -> None:
        sources = re.findall(r"[^\s\[\],\"']+", rest.split("\n", maxsplit=1)[0])[:-1]
        for source in sources:
            source = self._filled(source)
            if _URL.match(source) and "checksum" not in flags and not _GIT_COMMIT.fullmatch(source):
                self.remote.append(Use(line, source, "image"))

    def _filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1] or found[3]
            return self.arguments.get(name) or found[2] or found[0]

        return _VARIABLE.sub(value, text)
