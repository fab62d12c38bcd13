# SPDX-License-Identifier: Apache-2.0
"""RubyGems' version order (Gem::Version): words before numbers, missing parts are zeros."""

from __future__ import annotations

import re
from functools import cmp_to_key
from itertools import takewhile, zip_longest
from typing import Any

_VERSION = re.compile(r"\s*[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\s*", re.ASCII)
_PART = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)


def key(version: str) -> Any:
    """Return what sorts as the version does. Raises ValueError for what RubyGems refuses."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"no version: {version[:80]!r}")
    parts: list[int | str] = [int(part) if part.isdigit() else part for part in _PART.findall(version.strip().replace("-", ".pre."))]
    numbers = len(list(takewhile(lambda part: isinstance(part, int), parts)))
    return _sorted([*_trimmed(parts[:numbers]), *_trimmed(parts[numbers:])])


def _trimmed(parts: list[int | str]) -> list[int | str]:
    while parts and parts[-1] == 0:
        parts = parts[:-1]
    return parts


def _compare(left: list[int | str], right: list[int | str]) -> int:
    for one, other in zip_longest(left, right, fillvalue=0):
        if one == other:
            continue
        if isinstance(one, int) != isinstance(other, int):
            return 1 if isinstance(one, int) else -1
        return 1 if one > other else -1  # type: ignore[operator]  # both are of one type here
    return 0


_sorted = cmp_to_key(_compare)
