# SPDX-License-Identifier: Apache-2.0
"""The plain part of YAML that tools write into lock files, read line by line and many times faster than by a whole YAML reader.

Block mappings and lists, plain and quoted scalars without escapes, one-line flow collections of plain texts. Whatever lies outside
(anchors, tags, escapes, several lines, several documents) is left to the whole reader, so that both always agree on what is read here.
"""

from __future__ import annotations

import re
from typing import Any

from pipeline_guard.errors import UsageError

_MAX_DEPTH = 48
# What a plain scalar may be made of here: no indicator in front, no ": ", " #" or trailing colon inside.
_INSIDE = r"[^:#\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
_PLAIN = rf"(?:[A-Za-z0-9_./^+$(\\;]|-(?! )){_INSIDE}*+(?:(?::(?=[^\s])|(?<=[^\s])#){_INSIDE}*+)*"
_QUOTED = r"'[^'\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*'|\"[^\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*\""
_IN_KEY = r"[^:#'\"\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
_KEY = rf"(?:{_QUOTED}|[A-Za-z0-9_./@(]{_IN_KEY}*+(?:(?::(?=[^\s])| (?=[^\s#:])){_IN_KEY}*+)*)"
_LINE = re.compile(rf"( *+)((?:- +)*)(?:({_KEY}):(?: +(.*))?|(.+))?")
_FLOW_WORD = (
    r"(?:'[^'\x00-\x1f]*'|\"[^\"\\\x00-\x1f]*\"|[A-Za-z0-9_./^+$(~<>=@][^,\[\]{}:#'\"\x00-\x1f]*+(?::[^\s,\[\]{}:#'\"\x00-\x1f]++)*)"
)
_FLOW_PAIR = re.compile(rf"\s*([A-Za-z0-9_./-]+): +({_FLOW_WORD})\s*(,|$)")
_FLOW_ITEM = re.compile(rf"\s*({_FLOW_WORD})\s*(,|$)")
_SCALAR = re.compile(rf"(?:{_QUOTED}|{_PLAIN})")
_NULL = ("", "~", "null", "Null", "NULL")


class _Foreign(Exception):
    """Something that this reader does not know."""


def read_block(text: str, path: str) -> dict[str, Any] | None:
    """Return the mapping that the text is, None where the whole reader must look; raise UsageError for a key that is there twice."""
    try:
        return _read(text, path)
    except _Foreign:
        return None


def _read(text: str, path: str) -> dict[str, Any]:
    if "\t" in text or "\r" in text.replace("\r\n", "\n") or text.startswith(("---", "%", "\ufeff")):
        raise _Foreign
    root: dict[str, Any] = {}
    # (indentation, collection); ``waiting`` is the key whose value may come on deeper lines
    stack: list[tuple[int, Any]] = [(0, root)]
    waiting: tuple[dict[str, Any], str, int] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip(" \r") if line.endswith((" ", "\r")) else line
        if not line or line.lstrip(" ").startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or line.startswith(("---", "...")):
            raise _Foreign
        spaces, dashes, key, rest, item = found.groups()
        indentation = len(spaces)
        if waiting is not None:
            owner, name, outer = waiting
            waiting = None
            if indentation > outer or (dashes and indentation == outer):
                inner: Any = [] if dashes else {}
                owner[name] = inner
                stack.append((indentation, inner))
            else:
                owner[name] = None
        while stack[-1][0] > indentation or (stack[-1][0] == indentation and isinstance(stack[-1][1], list) and not dashes):
            stack.pop()
            if not stack:
                raise _Foreign
        if stack[-1][0] != indentation or len(stack) > _MAX_DEPTH:
            raise _Foreign
        holder = stack[-1][1]
        if dashes:
            if not isinstance(holder, list) or dashes.count("-") > 1 or dashes != "- ":
                raise _Foreign
            if key is None:
                holder.append(_value(item or ""))
                continue
            indentation += 2
            entry: dict[str, Any] = {}
            holder.append(entry)
            stack.append((indentation, entry))
            holder = entry
        if key is None or not isinstance(holder, dict):
            raise _Foreign
        name = _unquoted(key)
        if name in holder or key == "<<":
            if key == "<<":
                raise _Foreign
            raise UsageError(f"{path}:{number}: the key {name[:80]!r} is there twice", "remove one of them")
        if rest:
            holder[name] = _value(rest)
        else:
            holder[name] = None
            waiting = (holder, name, indentation)
    return root


def _value(text: str) -> Any:
    if text[:1] == "{" and text[-1:] == "}":
        return _flow_mapping(text[1:-1])
    if text[:1] == "[" and text[-1:] == "]":
        return _flow_list(text[1:-1])
    if not _SCALAR.fullmatch(text):
        raise _Foreign
    if text in _NULL:
        return None
    return _unquoted(text)


def _flow_mapping(text: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    at = 0
    while at < len(text):
        found = _FLOW_PAIR.match(text, at)
        if found is None or found[1] in table:
            raise _Foreign
        table[found[1]] = None if found[2].strip() in _NULL else _unquoted(found[2].strip())
        at = found.end()
    if text.strip() and text.rstrip().endswith(","):
        raise _Foreign
    return table


def _flow_list(text: str) -> list[Any]:
    items: list[Any] = []
    at = 0
    while at < len(text):
        found = _FLOW_ITEM.match(text, at)
        if found is None:
            raise _Foreign
        items.append(None if found[1].strip() in _NULL else _unquoted(found[1].strip()))
        at = found.end()
    if text.strip() and text.rstrip().endswith(","):
        raise _Foreign
    return items


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] in ("'", '"') else text
