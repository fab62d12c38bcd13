# SPDX-License-Identifier: Apache-2.0
"""Maven's version order: nested lists of numbers and qualifiers, as Maven's own ComparableVersion has them.

Facts: "Version Order Specification" of the POM reference, and the behaviour of Maven 3.9.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any

_SHAPE = re.compile(r"[0-9A-Za-z._+-]+")
_TOKEN = re.compile(r"([0-9]+|[^0-9.-]+)|([.-])")
_QUALIFIERS = {"alpha": "0", "beta": "1", "milestone": "2", "rc": "3", "snapshot": "4", "": "5", "sp": "6"}
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_RELEASE = _QUALIFIERS[""]

Item = Any  # int | str | list["Item"]: a number, a qualifier, or what follows a hyphen


def key(version: str) -> Any:
    """Return what sorts as the version does. Raises ValueError for what nobody calls a version."""
    if len(version) > 256 or not _SHAPE.fullmatch(version):
        raise ValueError(f"no version: {version[:80]!r}")
    return _sorted(_parse(version.lower()))


def _parse(text: str) -> list[Item]:
    top: list[Item] = []
    stack = [top]
    pending = False  # a token was read since the last separator
    tokens = _TOKEN.findall(text)

    def descend() -> None:
        inner: list[Item] = []
        stack[-1].append(inner)
        stack.append(inner)

    for index, (word, separator) in enumerate(tokens):
        if separator:
            if not pending:
                stack[-1].append(0)
            if separator == "-":
                descend()
            pending = False
            continue
        follower = tokens[index + 1][0] if index + 1 < len(tokens) else ""
        if pending:  # a change between digits and letters is a hyphen
            descend()
        if word.isdigit():
            stack[-1].append(int(word))
        else:
            if stack[-1] and not pending:  # .qualifier equals -qualifier
                descend()
            stack[-1].append(_qualifier(word, followed=bool(follower)))
        pending = True
    for items in reversed(stack):
        _normalise(items)
    return top


def _qualifier(word: str, *, followed: bool) -> str:
    if followed and word in _SHORT:
        return _SHORT[word]
    return _ALIASES.get(word, word)


def _normalise(items: list[Item]) -> None:
    """Drop nulls from the end, and before a list at the end."""
    for index in range(len(items) - 1, -1, -1):
        if items[index] in (0, "", []):
            del items[index]
        elif not isinstance(items[index], list):
            break


def _rank(qualifier: str) -> str:
    return _QUALIFIERS.get(qualifier, f"{len(_QUALIFIERS)}-{qualifier}")


def _compare(one: Item, other: Item) -> int:
    if one is None:
        return 0 if other is None else -_compare(other, None)
    if isinstance(one, int):
        if other is None:
            return 1 if one else 0
        return _sign(one, other) if isinstance(other, int) else 1
    if isinstance(one, str):
        if other is None:
            return _sign(_rank(one), _RELEASE)
        return _sign(_rank(one), _rank(other)) if isinstance(other, str) else -1
    if other is None:
        return next((answer for item in one if (answer := _compare(item, None))), 0)
    if isinstance(other, list):
        return next((answer for left, right in zip_longest(one, other) if (answer := _compare(left, right))), 0)
    return -1 if isinstance(other, int) else 1


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


_sorted = cmp_to_key(_compare)
