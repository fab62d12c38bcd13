# SPDX-License-Identifier: Apache-2.0
"""Packages that go back to an older version although no manifest asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Lock

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,20})([^\d.].*)?")


def check(facts: LockChange, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package whose only version fell in a change that raises nothing, adds nothing and leaves the manifests alone.

    Where something else rises, the older version may be what that needs.
    """
    if facts.before is None or facts.manifest_changed:
        return
    before, after = _single(facts.before), _single(facts.after)
    if after.keys() - before.keys() or any(_rises(before[name][0], version) for name, (version, _) in after.items() if name in before):
        return
    for name, (version, line) in after.items():
        old = before.get(name, ("", 0))[0]
        if old and _is_below(version, old):
            yield Problem(
                Location(facts.path, line),
                f"{name} from {old} to {version}",
                "say in a manifest why the older version is wanted, or keep the newer one",
            )


def _single(lock: Lock) -> dict[str, tuple[str, int]]:
    """Return the packages that are there in one version only."""
    found: dict[str, tuple[str, int]] = {}
    several = set()
    for package in lock.packages:
        if package.source.kind != "registry" or not package.version:
            continue
        if found.setdefault(package.name, (package.version, package.location.line))[0] != package.version:
            several.add(package.name)
    return {name: value for name, value in found.items() if name not in several}


def _rises(old: str, new: str) -> bool:
    return old != new and not _is_below(new, old)


def _is_below(version: str, other: str) -> bool:
    """Tell whether a version is older by its numbers, what stands behind them being the same; else it is a matter of its ecosystem."""
    one, two = _NUMBERS.fullmatch(version), _NUMBERS.fullmatch(other)
    if one is None or two is None or one[2] != two[2]:
        return False
    numbers = [[int(part) for part in found[1].split(".")] for found in (one, two)]
    return numbers[0] < numbers[1]


RULE = Rule(
    "lock-downgraded",
    Kind.LOCK_CHANGE,
    "without any manifest asking for it",
    "old versions have known holes, and no update goes backwards",
    check,
)
