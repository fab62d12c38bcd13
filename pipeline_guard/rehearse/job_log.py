# SPDX-License-Identifier: Apache-2.0
"""What a job leaves for its forge, read as GitHub reads it: files of variables, masks and annotations.

Grammar: docs.github.com, "Workflow commands"; a file's line is NAME=VALUE, or NAME<<DELIMITER and lines up to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline_guard.errors import UsageError

_COMMAND = re.compile(r"::(?P<name>[a-zA-Z-]+)(?: (?P<properties>[^:]*(?::(?!:)[^:]*)*))?::(?P<text>.*)", re.DOTALL)
_SHOWN = {"error", "warning", "notice"}
_MASK = "***"
SHORTEST_MASK = 2  # characters; the runner hides shorter ones too, and with them the whole log


def variables(content: bytes, name: str) -> dict[str, str]:
    """Read a file of variables; raise UsageError for what the runner would refuse."""
    found: dict[str, str] = {}
    lines = content.decode("utf-8", "replace").split("\n")
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        at += 1
        if not line:
            continue
        plain, here = line.find("="), line.find("<<")
        if plain >= 0 and (here < 0 or plain < here):
            found[line[:plain]] = line[plain + 1 :]
            continue
        if here <= 0:
            raise UsageError(f"{name}: a line is neither NAME=VALUE nor NAME<<DELIMITER")
        end = line[here + 2 :]
        body: list[str] = []
        while at < len(lines) and lines[at].removesuffix("\r") != end:
            body.append(lines[at])
            at += 1
        if at >= len(lines) or not end:
            raise UsageError(f"{name}: the value of {line[:here][:40]} does not end")
        found[line[:here]] = "\n".join(body)
        at += 1
    return found


def _lines(said: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Give each line, and what it commands; between stop-commands and its word nothing is a command."""
    word = ""
    for line in said.splitlines():
        if word:
            if line.strip() == f"::{word}::":
                word = ""
            else:
                yield line, None
            continue
        command = _COMMAND.fullmatch(line)
        if command and command["name"] == "stop-commands":
            word = command["text"]
        else:
            yield line, command


def masks(said: str) -> list[str]:
    """Return every text that a log asks to hide, and each of its lines."""
    found: list[str] = []
    for _line, command in _lines(said):
        if command and command["name"] == "add-mask":
            value = _plain(command["text"])
            found += [value, *(part.strip() for part in value.splitlines())]
    return [value for value in dict.fromkeys(found) if len(value) >= SHORTEST_MASK]


def rendered(said: str, hidden: Sequence[str]) -> str:
    """Return a log as a person sees it: annotations as lines with their place, commands gone, masks applied."""
    lines = []
    for line, command in _lines(said):
        if command is None:
            lines.append(line)
        elif command["name"] in _SHOWN:
            lines.append(_annotation(command))
        elif command["name"] == "group":
            lines.append(_plain(command["text"]))
    text = "\n".join(lines)
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, _MASK)
    return text


def _annotation(command: re.Match[str]) -> str:
    properties = dict(part.split("=", 1) for part in (command["properties"] or "").split(",") if "=" in part)
    place = ":".join(_plain(properties[key]) for key in ("file", "line", "col") if key in properties)
    title = _plain(properties.get("title", ""))
    return ": ".join(part for part in (command["name"], place, title, _plain(command["text"]).replace("\n", " ")) if part)


def _plain(text: str) -> str:
    for code, letter in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, letter)
    return text
