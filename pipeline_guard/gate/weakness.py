# SPDX-License-Identifier: Apache-2.0
"""Pinned packages and what advisories say of them: records that tell of the same weakness become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.gate.osv import lookup_name
from pipeline_guard.gate.ranges import affects, repairs
from pipeline_guard.model.advisory import Advisory, Weakness
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Package
from pipeline_guard.model.verdict import Unchecked

_ORDER = ("none", "low", "medium", "high", "critical")
_FIRST = ("MAL-", "CVE-", "GHSA-", "PYSEC-")  # which of several names people know best


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package at one version, with every place that pins it."""

    ecosystem: Ecosystem
    name: str
    version: str
    places: tuple[Location, ...]


def pinned(packages: Iterable[Package]) -> list[Pinned]:
    """Return what was pinned, each once: packages of a registry, and those of a URL or a git commit that carry a version."""
    places: dict[tuple[Ecosystem, str, str], list[Location]] = {}
    for package in packages:
        if package.version and package.source.kind not in ("root", "link", "path"):
            key = (package.ecosystem, lookup_name(package.ecosystem, package.name), package.version)
            places.setdefault(key, []).append(package.location)
    return [Pinned(*key, tuple(dict.fromkeys(found))) for key, found in places.items()]


def weaknesses(each: Pinned, advisories: Sequence[Advisory]) -> tuple[list[Weakness], list[Unchecked]]:
    """Return what is known against one package, and which advisories could not be compared with its version."""
    own = [advisory for advisory in advisories if (advisory.ecosystem, advisory.name) == (each.ecosystem, each.name)]
    answers = [(advisory, affects(advisory, each.version)) for advisory in own]
    unsure = [
        Unchecked(
            each.places[0].path, f"nobody can tell whether {advisory.id} is about {each.name} {each.version}: no such order of versions"
        )
        for advisory, answer in answers
        if answer is None
    ]
    hits = [advisory for advisory, answer in answers if answer]
    groups = _collapsed(hits)
    mended = _without_any(each, own, hits)
    return [_weakness(each, group, mended) for group in groups], unsure


def _collapsed(hits: Sequence[Advisory]) -> list[list[Advisory]]:
    """Join records that share a name, directly or by way of others."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in hits:
        names = {advisory.id, *advisory.aliases}
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        members = [member for _, found in joined for member in found]
        groups.append((names.union(*(found for found, _ in joined)), [*members, advisory]))
    return [members for _, members in groups]


def _weakness(each: Pinned, group: Sequence[Advisory], mended: str) -> Weakness:
    names = sorted({name for advisory in group for name in (advisory.id, *advisory.aliases)}, key=_familiar)
    worst = max(group, key=lambda advisory: (advisory.score, _ORDER.index(advisory.level) if advisory.level else -1))
    later = repairs(group, each.version)
    fixed = next((version for version in later if not any(affects(advisory, version) for advisory in group)), "")
    return Weakness(
        each.ecosystem,
        each.name,
        each.version,
        each.places,
        tuple(names),
        worst.level,
        worst.score,
        worst.summary or next((advisory.summary for advisory in group if advisory.summary), ""),
        any(advisory.malicious for advisory in group),
        fixed,
        mended,
    )


def _without_any(each: Pinned, own: Sequence[Advisory], hits: Sequence[Advisory]) -> str:
    """Return the smallest later version that no advisory at all is about."""
    if not hits:
        return ""
    return next((version for version in repairs(hits, each.version) if not any(affects(advisory, version) for advisory in own)), "")


def _familiar(name: str) -> tuple[int, str]:
    return next((index for index, prefix in enumerate(_FIRST) if name.startswith(prefix)), len(_FIRST)), name


def is_at_least(level: str, threshold: str) -> bool:
    """Tell whether a level reaches a threshold."""
    return _ORDER.index(level) >= _ORDER.index(threshold)


def by_package(advisories: Iterable[Advisory]) -> Mapping[tuple[Ecosystem, str], list[Advisory]]:
    """Return advisories by what they are about."""
    found: dict[tuple[Ecosystem, str], list[Advisory]] = {}
    for advisory in advisories:
        found.setdefault((advisory.ecosystem, advisory.name), []).append(advisory)
    return found
