# SPDX-License-Identifier: Apache-2.0
"""Composer's version order: its own normal form, compared as PHP's version_compare does."""

from __future__ import annotations

import re
from typing import Any

_VERSION = re.compile(
    r"""\s*v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?
    (?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9]+)*))?
    ([.-]?dev)?(?:\+[0-9A-Za-z._-]+)?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# version_compare: dev < alpha < beta < RC < release < pl
_RANK = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "rc": 3, "": 4, "stable": 4, "patch": 5, "pl": 5, "p": 5}


def key(version: str) -> Any:
    """Return what sorts as the version does. Raises ValueError for branches and whatever else is no version."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"no version: {version[:80]!r}")
    numbers = tuple(int(number or 0) for number in found.groups()[:4])
    stability = (found[5] or "").lower()
    further = tuple(int(number) for number in re.findall(r"[0-9]+", found[6] or ""))
    if found[7] and not stability:  # 1.0-dev comes before 1.0-alpha
        return (*numbers, 0, (), 1)
    return (*numbers, _RANK[stability], () if stability == "stable" else further, 0 if found[7] else 1)
