# SPDX-License-Identifier: Apache-2.0
"""The functions of GitHub's expressions that need nothing but their arguments (docs.github.com, "Evaluate expressions")."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.values import Value, equal, is_primitive, text, to_json, upper

MOST = 255
_BRACE = re.compile(r"\{\{|\}\}|\{(\d+)[^}]*\}|[{}]", re.ASCII)


class Function(NamedTuple):
    """What is called, with how few and how many arguments."""

    call: Callable[..., Value]
    least: int
    most: int


def _contains(place: Value, item: Value) -> bool:
    if isinstance(place, list):
        return any(equal(item, each) for each in place)
    return is_primitive(place) and is_primitive(item) and text(item).lower() in text(place).lower()


def _starts_with(whole: Value, part: Value) -> bool:
    return is_primitive(whole) and is_primitive(part) and upper(text(whole)).startswith(upper(text(part)))


def _ends_with(whole: Value, part: Value) -> bool:
    return is_primitive(whole) and is_primitive(part) and upper(text(whole)).endswith(upper(text(part)))


def _format(pattern: Value, *values: Value) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found[1] is None:
            raise UsageError(f"this format is not valid: {text(pattern)[:80]}", "write a brace itself as {{ or }}")
        if len(found[1]) > 3 or int(found[1]) >= len(values):
            raise UsageError(f"this format names more values than were given: {text(pattern)[:80]}")
        return text(values[int(found[1])])

    return _BRACE.sub(fill, text(pattern))


def _join(items: Value, separator: Value = ",") -> str:
    if is_primitive(items):
        return text(items)
    between = text(separator) if is_primitive(separator) else ","
    return between.join(map(text, items)) if isinstance(items, list) else ""


def _from_json(given: Value) -> Value:
    try:
        if not text(given).strip():
            raise ValueError
        return json.loads(text(given), parse_int=float, parse_constant=_refuse, object_pairs_hook=_first_of_each)
    except (ValueError, RecursionError):
        raise UsageError("fromJSON: this is no JSON") from None


def _refuse(word: str) -> None:
    raise ValueError(word)


def _first_of_each(pairs: list[tuple[str, Value]]) -> Mapping[str, Value]:
    """Keys ignore case: of those that are the same the first counts."""
    exact = dict(pairs)  # of the very same key JSON's last counts
    kept: dict[str, Value] = {}
    seen: set[str] = set()
    for key, value in exact.items():
        if key.lower() not in seen:
            seen.add(key.lower())
            kept[key] = value
    return kept


def _case(*words: Value) -> Value:
    for at in range(0, len(words) - 1, 2):
        if not isinstance(words[at], bool):
            raise UsageError("case: a condition is neither true nor false")
        if words[at]:
            return words[at + 1]
    return words[-1]


FUNCTIONS: Mapping[str, Function] = {
    "case": Function(_case, 3, MOST),
    "contains": Function(_contains, 2, 2),
    "endswith": Function(_ends_with, 2, 2),
    "format": Function(_format, 1, MOST),
    "fromjson": Function(_from_json, 1, 1),
    "join": Function(_join, 1, 2),
    "startswith": Function(_starts_with, 2, 2),
    "tojson": Function(to_json, 1, 1),
}
