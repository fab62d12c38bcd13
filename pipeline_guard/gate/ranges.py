# SPDX-License-Identifier: Apache-2.0
"""Whether a version lies in an advisory's ranges (OSV schema 1.7, "Evaluation")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pipeline_guard.gate.versions.order import version_key
from pipeline_guard.model.advisory import Advisory, Range
from pipeline_guard.model.package import Ecosystem

_KINDS = {"introduced": 0, "fixed": 1, "last_affected": 2}  # of events at one version, in this order


def affects(advisory: Advisory, version: str) -> bool | None:
    """Tell whether an advisory is about this version; None where nobody can tell."""
    return True if version in advisory.versions else contains(advisory.ecosystem, advisory.ranges, version)


def contains(ecosystem: Ecosystem, ranges: Sequence[Range], version: str) -> bool | None:
    """Tell whether one of the ranges holds the version; None where it, or a bound, has no place in the order."""
    if any(each.events == (("introduced", "0"),) for each in ranges):  # everything: no order is needed
        return True
    try:
        key = version_key(ecosystem, version) if ranges else None
    except ValueError:
        return None
    unknown = False
    for each in ranges:
        try:
            if _holds(_timeline(ecosystem, each), key):
                return True
        except ValueError:
            unknown = True
    return None if unknown else False


def repairs(advisories: Iterable[Advisory], version: str) -> list[str]:
    """Return the versions beyond this one that mend something, ascending."""
    found: dict[str, Any] = {}
    for advisory in advisories:
        for kind, bound in [event for each in advisory.ranges for event in each.events]:
            try:
                if kind == "fixed" and version_key(advisory.ecosystem, bound) > version_key(advisory.ecosystem, version):
                    found[bound] = version_key(advisory.ecosystem, bound)
            except ValueError:
                continue
    return sorted(found, key=lambda bound: found[bound])


@lru_cache(maxsize=16_384)
def _timeline(ecosystem: Ecosystem, each: Range) -> tuple[tuple[tuple[Any, ...], ...], tuple[Any, ...]]:
    """Return events in order, each (beginning of time, key, kind), and the limits' keys."""
    events = []
    limits = []
    for kind, bound in each.events:
        if kind == "limit":
            if bound != "*":
                limits.append(version_key(ecosystem, bound))
            continue
        events.append((0, 0, _KINDS[kind]) if bound == "0" and kind == "introduced" else (1, version_key(ecosystem, bound), _KINDS[kind]))
    early = sorted(event for event in events if not event[0])
    late = sorted((event for event in events if event[0]), key=lambda event: (event[1], event[2]))
    return tuple(early + late), tuple(limits)


def _holds(timeline: tuple[tuple[tuple[Any, ...], ...], tuple[Any, ...]], key: Any) -> bool:
    events, limits = timeline
    if limits and not any(key < limit for limit in limits):
        return False
    inside = False
    for bounded, bound, kind in events:
        if not bounded:
            inside = True
        elif kind == _KINDS["last_affected"]:
            inside = inside and not key > bound
        elif not key < bound:
            inside = kind == _KINDS["introduced"]
    return inside
