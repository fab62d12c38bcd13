# SPDX-License-Identifier: Apache-2.0
"""The jobs that a matrix makes (GitHub "Running variations of jobs"): every combination, without excluded, with included ones."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from pipeline_guard.errors import UsageError

MOST = 256


def combinations(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the values of each job; one empty set where nothing varies. Raises UsageError for more than 256."""
    axes = {key: values for key, values in matrix.items() if key not in ("include", "exclude") and isinstance(values, list)}
    count = 1
    for values in axes.values():
        count *= max(len(values), 1)
    if count > MOST * 16:  # before any is made
        raise UsageError(f"a matrix of {count} jobs", f"{MOST} are allowed")
    found = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    for out in _entries(matrix.get("exclude")):
        found = [each for each in found if not all(each.get(key) == value for key, value in out.items())]
    original = [dict(each) for each in found]
    for more in _entries(matrix.get("include")):
        at = [place for place, each in enumerate(original) if all(each[key] == value for key, value in more.items() if key in each)]
        for place in at:
            found[place] |= more
        if not at:
            found.append(dict(more))
    if len(found) > MOST:
        raise UsageError(f"a matrix of {len(found)} jobs", f"{MOST} are allowed")
    return found or [{}]


def _entries(given: Any) -> list[dict[str, Any]]:
    return [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
