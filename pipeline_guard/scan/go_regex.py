# SPDX-License-Identifier: Apache-2.0
r"""Go's regular expressions (RE2 syntax) written for ``re``, so that rules of gitleaks can be read.

Translated are flags in the middle of a pattern (Go's hold until their group ends, across ``|``), ``\z``, ``$`` (Go's is the very
end), POSIX classes, ``\Q...\E``, ``\x{..}`` and ``(?<name>``. Refused is what has no equal here: Unicode classes, ``(?U)``, ``\C``.
Source: RE2 wiki, Syntax; Go documentation of regexp/syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z",
    "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")


@dataclass(slots=True)
class _Level:
    """An open group: the ``(?flags:`` that were opened within its current alternative, and the flags in force."""

    opened: list[str]
    multiline: bool


def translate(pattern: str) -> str:
    """Return the pattern in ``re`` syntax; raise ValueError with what cannot be said there."""
    out: list[str] = []
    levels = [_Level([], multiline=False)]
    place = 0
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            text, place = _escape(pattern, place)
            out.append(text)
        elif character == "[":
            text, place = _bracket(pattern, place)
            out.append(text)
        elif character == "(":
            text, place = _open(pattern, place, levels)
            out.append(text)
        elif character == ")":
            if len(levels) == 1:
                raise ValueError("a parenthesis is closed that was not opened")
            out.append(")" * (len(levels.pop().opened) + 1))
            place += 1
        elif character == "|":
            opened = levels[-1].opened
            out.append(")" * len(opened) + "|" + "".join(opened))
            place += 1
        elif character == "$" and not levels[-1].multiline:
            out.append(r"\Z")
            place += 1
        else:
            out.append(character)
            place += 1
    if len(levels) > 1:
        raise ValueError("a parenthesis is not closed")
    return "".join(out) + ")" * len(levels[0].opened)


def _open(pattern: str, place: int, levels: list[_Level]) -> tuple[str, int]:
    multiline = levels[-1].multiline
    if not pattern.startswith("(?", place):
        levels.append(_Level([], multiline))
        return "(", place + 1
    if pattern.startswith(("(?P<", "(?<"), place) and not pattern.startswith(("(?<=", "(?<!"), place):
        levels.append(_Level([], multiline))
        return "(?P<", pattern.index("<", place) + 1
    found = _FLAGS.match(pattern, place)
    if not found:
        raise ValueError(f"{pattern[place : place + 4]} is no group of Go's")
    on, off = found[1], found[2] or ""
    if "U" in on + off:
        raise ValueError("the flag U is not supported")
    multiline = (multiline or "m" in on) and "m" not in off
    flags = on + (f"-{off}" if off else "")
    if found[3] == ":":
        levels.append(_Level([], multiline))
        return f"(?{flags}:", found.end()
    levels[-1].multiline = multiline
    levels[-1].opened.append(f"(?{flags}:")
    return f"(?{flags}:", found.end()


def _escape(pattern: str, place: int) -> tuple[str, int]:
    """Translate one escape outside brackets."""
    follows = pattern[place + 1 : place + 2]
    if follows == "Q":
        end = pattern.find(r"\E", place)
        end = len(pattern) if end < 0 else end
        return re.escape(pattern[place + 2 : end]), end + 2
    if follows == "z":
        return r"\Z", place + 2
    return _common(pattern, place)


def _common(pattern: str, place: int) -> tuple[str, int]:
    follows = pattern[place + 1 : place + 2]
    if not follows:
        raise ValueError("it ends in a backslash")
    if follows in "pPC":
        raise ValueError(f"\\{follows} is not supported")
    if follows in "123456789":
        raise ValueError("back-references are not supported")
    found = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}").match(pattern, place)
    if found:
        if int(found[1], 16) > 0x7F:
            raise ValueError("characters beyond ASCII are not supported as \\x{...}")
        return f"\\x{int(found[1], 16):02x}", found.end()
    return pattern[place : place + 2], place + 2


def _bracket(pattern: str, place: int) -> tuple[str, int]:
    """Translate one class in brackets."""
    out = "["
    place += 1
    if pattern.startswith("^", place):
        out, place = out + "^", place + 1
    if pattern.startswith("]", place):
        out, place = out + r"\]", place + 1
    while place < len(pattern):
        character = pattern[place]
        if character == "]":
            return out + "]", place + 1
        posix = _CLASS.match(pattern, place)
        if posix:
            if posix[1] or posix[2] not in _POSIX:
                raise ValueError(f"{posix[0]} is not supported")
            out, place = out + _POSIX[posix[2]], posix.end()
        elif character == "\\":
            text, place = _common(pattern, place)
            out += text
        elif character in "[&~|" or pattern.startswith("--", place):
            out, place = out + "\\" + character, place + 1
        else:
            out, place = out + character, place + 1
    raise ValueError("a bracket is not closed")
