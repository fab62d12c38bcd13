# SPDX-License-Identifier: Apache-2.0
"""npm's and Cargo's version ranges: whether a locked version is one that a manifest asked for.

Source: node-semver's grammar; Cargo's "Specifying Dependencies" (a bare version is a caret there). None where a text is no range.
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"[v=\s]*(\d{1,15})(?:\.(\d{1,15}|[xX*]))?(?:\.(\d{1,15}|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_PART = re.compile(r"(\^|~>?|>=|<=|>|<|=)?\s*([vV=]?[0-9xX*][0-9A-Za-z.*+-]*)")
_Version = tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]
_TOP = 10**15


def satisfies(version: str, wanted: str, *, bare_is_caret: bool = False) -> bool | None:
    """Tell whether ``version`` lies in the range ``wanted``."""
    full = _full(version)
    if full is None:
        return None
    if wanted.strip() in ("", "*", "x", "X", "latest"):
        return True
    results = [_all(full, part, bare_is_caret=bare_is_caret) for part in wanted.split("||")]
    if any(result for result in results):
        return True
    return None if None in results else False


def _full(text: str) -> _Version | None:
    found = _VERSION.fullmatch(text.strip())
    if found is None or found[3] is None or not found[2].isdigit() or not found[3].isdigit():
        return None
    return (int(found[1]), int(found[2]), int(found[3])), _pre(found[4])


def _pre(text: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return a pre-release as something that sorts: a release comes behind all of them."""
    if not text:
        return ((2, 0, ""),)
    return tuple((0, int(word), "") if word.isdigit() and len(word) < 16 else (1, 0, word) for word in text.split("."))


def _all(version: _Version, part: str, *, bare_is_caret: bool) -> bool | None:
    part = part.strip().replace(",", " ")
    hyphen = re.fullmatch(r"(\S+)\s+-\s+(\S+)", part)
    if hyphen:
        part = f">={hyphen[1]} <={hyphen[2]}"
    if part in ("", "*", "x", "X"):
        return version[1] == ((2, 0, ""),)
    at, bounds = 0, []
    for found in _PART.finditer(part):
        if part[at : found.start()].strip():
            return None
        at = found.end()
        bound = _bounds(found[1] or ("^" if bare_is_caret else ""), found[2])
        if bound is None:
            return None
        bounds.append(bound)
    if part[at:].strip() or not bounds:
        return None
    if not all(low <= version < high for low, high, _ in bounds):
        return False
    if version[1] == ((2, 0, ""),):
        return True
    return any(named is not None and named[0] == version[0] and named[1] != ((2, 0, ""),) for _, _, named in bounds)


def _bounds(operator: str, text: str) -> tuple[_Version, _Version, _Version | None] | None:
    """Return the half-open interval of one comparator, and the version that it names."""
    lowest: _Version = ((0, 0, 0), ((-1, 0, ""),))
    highest: _Version = ((_TOP, 0, 0), ((2, 0, ""),))
    if text in ("*", "x", "X"):
        return lowest, highest, None
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major = int(found[1])
    minor = int(found[2]) if found[2] and found[2].isdigit() else None
    patch = int(found[3]) if found[3] and found[3].isdigit() and minor is not None else None
    named: _Version = ((major, minor or 0, patch or 0), _pre(found[4]))
    floor: _Version = (
        (major, minor or 0, patch or 0),
        _pre(found[4]) if found[4] else ((2, 0, ""),) if patch is not None else ((-1, 0, ""),),
    )
    first: tuple[tuple[int, int, str], ...] = ((-1, 0, ""),)
    after: _Version = (
        ((major, minor, patch + 1), first)
        if minor is not None and patch is not None
        else ((major, minor + 1, 0), first)
        if minor is not None
        else ((major + 1, 0, 0), first)
    )
    exact_after: _Version = (named[0], (*named[1], (3, 0, ""))) if patch is not None else after
    if operator == "^":
        if major > 0 or minor is None:
            return floor, ((major + 1, 0, 0), first), named
        return floor, ((0, minor + 1, 0), first) if minor > 0 or patch is None else ((0, 0, patch + 1), first), named
    if operator.startswith("~"):
        return floor, ((major + 1, 0, 0), first) if minor is None else ((major, minor + 1, 0), first), named
    if operator == ">=":
        return floor, highest, named
    if operator == ">":
        return exact_after, highest, named
    if operator == "<":
        return lowest, floor if patch is not None else ((major, minor or 0, 0), first), named
    if operator == "<=":
        return lowest, exact_after, named
    return floor, exact_after, named
