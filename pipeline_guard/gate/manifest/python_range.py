# SPDX-License-Identifier: Apache-2.0
"""Python's version specifiers: whether a locked version is one that a manifest asked for. None where a text is no specifier.

Sources: PEP 440, "Version specifiers"; poetry's "Dependency specification" (caret, tilde, wildcard, a bare version is that one).
"""

from __future__ import annotations

import re
from typing import Any

from pipeline_guard.gate.versions import pep440

_CLAUSE = re.compile(r"(~=|==|!=|<=|>=|<|>|\^|~)?\s*v?([0-9][0-9A-Za-z.!+_-]*?)(\.\*)?")
_LONGEST = 200  # characters of a version or a clause


def satisfies(version: str, wanted: str) -> bool | None:
    """Tell whether ``version`` is within ``wanted``; what it says behind a plus is left out, as locks name builds there."""
    try:
        key = pep440.key(version.partition("+")[0][:_LONGEST])
    except ValueError:
        return None
    results = [_all(key, part) for part in re.split(r"\|\|?", wanted)]
    if any(results):
        return True
    return None if None in results else False


def _all(version: Any, part: str) -> bool | None:
    results = [_one(version, clause.strip()) for clause in re.split(r",|\s+(?=[<>=!~^])", part) if clause.strip()]
    if False in results:
        return False
    return None if None in results else True


def _one(version: Any, clause: str) -> bool | None:
    if clause == "*":
        return True
    found = _CLAUSE.fullmatch(clause) if len(clause) <= _LONGEST else None
    if found is None:
        return None
    operator, text, wildcard = found[1] or "==", found[2].partition("+")[0], found[3]
    try:
        bound = pep440.key(text)
    except ValueError:
        return None
    numbers = [int(number) for number in re.match(r"(?:\d+!)?([\d.]*\d)", text)[1].split(".")]  # type: ignore[index]  # it is a version
    if wildcard:
        inside = _within(version, bound, numbers, len(numbers))
        return {"==": inside, "!=": not inside}.get(operator)
    if operator in ("~=", "~", "^"):
        width = {"~=": len(numbers) - 1, "~": min(2, len(numbers)), "^": _caret(numbers)}[operator]
        return bool(version >= bound) and _within(version, bound, numbers, width) if width > 0 else None
    order = (version > bound) - (version < bound)
    return bool({"==": order == 0, "!=": order != 0, "<=": order <= 0, ">=": order >= 0, "<": order < 0, ">": order > 0}[operator])


def _caret(numbers: list[int]) -> int:
    """Return how many numbers a caret keeps: up to the first that is not nought."""
    return next((at for at, number in enumerate(numbers, start=1) if number), len(numbers))


def _within(version: Any, bound: Any, numbers: list[int], width: int) -> bool:
    """Tell whether a version begins with the first ``width`` numbers."""
    release = [*version[1], *[0] * width]
    return bool(version[0] == bound[0]) and list(release[:width]) == numbers[:width]
