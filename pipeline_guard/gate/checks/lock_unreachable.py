# SPDX-License-Identifier: Apache-2.0
"""Packages in a lock that nothing asks for: an extra entry is still installed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.reach import reachable
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Lock, Package

# Formats that repeat what their projects ask for, and whose tools remove what nobody needs.
_WHOLE = ("uv.lock", "Cargo.lock")


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package that no project of the lock needs, however indirectly."""
    for package in facts.loose:
        yield _problem(facts, package)
    if facts.format not in _WHOLE:
        return
    needs: dict[str, set[str]] = {}
    for package in facts.packages:
        needs.setdefault(package.name, set()).update(package.requires)
    roots = {package.name for package in facts.packages if package.source.kind in ("root", "path")}
    if not roots:
        return
    reached = reachable([*roots, *facts.direct], needs)
    for package in facts.packages:
        if package.name not in reached:
            yield _problem(facts, package)


def _problem(facts: Lock, package: Package) -> Problem:
    place = Location(facts.path, package.location.line)
    return Problem(place, f"{package.name} {package.version}".strip(), "delete the entry, or make the lock anew")


RULE = Rule(
    "lock-unreachable",
    Kind.LOCK,
    "that nothing asks for",
    "no update puts such an entry there, and it may be installed all the same",
    check,
)
