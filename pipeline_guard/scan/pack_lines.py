# SPDX-License-Identifier: Apache-2.0
"""Rule packs as ours are written, read line by line: a first run would spend most of its time in a YAML parser.

Only a few forms of YAML are known here: a list of mappings two and four spaces deep, plain and quoted scalars, lists in brackets or
with hyphens. Anything else is answered with None, and the whole parser reads it; a test compares both on every pack that ships.
"""

from __future__ import annotations

import re
from typing import Any

_DOUBLE = r'"(?:[^"\\]|\\(?:[nrt"\\]|x[0-9a-fA-F]{2}))*"'
_TEXT = rf"'(?:[^']|'')*'|{_DOUBLE}"
_QUOTED = re.compile(_DOUBLE)
_ESCAPE = re.compile(r"\\(?:x(..)|(.))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_BRACKETS = re.compile(rf"\[((?:\s*(?:{_TEXT}|[a-z][\w\-]*)\s*(?:,|(?=\])))*)\](?: +#.*)?")
_MEMBER = re.compile(rf"{_TEXT}|[a-z][\w\-]*")
_PLAIN = re.compile(r"[A-Za-z][\w\-]*(?: [\w\-]+)*")
_NUMBER = re.compile(r"(?:0|[1-9]\d*)(\.\d+)?")
_NO_TEXT = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


class _OtherError(Exception):
    """The text has a form that is not known here."""


def read(text: str) -> dict[str, Any] | None:
    """Return a pack as plain values, None where it is not written in these forms."""
    try:
        return _read(text)
    except _OtherError:
        return None


def _read(text: str) -> dict[str, Any]:
    if not text.replace("\n", "").isprintable():
        raise _OtherError  # tabs, and other ends of lines
    pack: dict[str, Any] = {}
    rules: list[dict[str, Any]] = []
    members: list[Any] | None = None  # of the list whose members stand on lines of their own
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("      - "):
            if members is None:
                raise _OtherError
            members.append(_scalar(line[8:]))
            continue
        if not line or line.lstrip().startswith("#"):
            continue
        indent, place = ("    ", rules[-1]) if rules and line.startswith("    ") else ("", pack)
        if line.startswith("  - "):
            place = {}
            rules.append(place)
            indent = "  - "
        key, colon, value = line[len(indent) :].partition(":")
        if not colon or not key.isidentifier() or key in place or ("rules" in pack) != bool(indent):
            raise _OtherError
        members = None
        if not value:
            members = []
            place[key] = rules if key == "rules" and not indent else members
        elif value.startswith(" ["):
            place[key] = _listed(value[1:], lines)
        elif value.startswith(" "):
            place[key] = _scalar(value[1:])
        else:
            raise _OtherError
    if [] in (value for rule in rules for value in rule.values()):
        raise _OtherError  # a key without a value
    return pack


def _listed(value: str, lines: Any) -> list[Any]:
    while not value.endswith("]") and "] " not in value:  # it goes on in the next line
        line = next(lines, "")
        if not line.startswith("      "):
            raise _OtherError
        value += " " + line.strip()
    found = _BRACKETS.fullmatch(value)
    if not found:
        raise _OtherError
    return [_scalar(member) for member in _MEMBER.findall(found[1])]


def _scalar(text: str) -> Any:
    if text[:1] == "'" == text[-1:] and len(text) > 1:
        text = text[1:-1]
        if "'" not in text:
            return text
        if "'" not in text.replace("''", ""):
            return text.replace("''", "'")
    elif _QUOTED.fullmatch(text):
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2]), text[1:-1])
    elif text == "true":
        return True
    elif number := _NUMBER.fullmatch(text):
        return float(text) if number[1] else int(text)
    elif _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    raise _OtherError
