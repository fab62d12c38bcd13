# SPDX-License-Identifier: Apache-2.0
"""Lock files that say two things: the same package and version with different hashes or places, or halves that disagree."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock, Package, PackageSource

_ONE_FILE = (Ecosystem.NPM, Ecosystem.CRATES, Ecosystem.NUGET)  # a version is one archive there


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give what a format's reader noticed, and packages of one name and version whose hashes differ."""
    for place, why in facts.notes:
        yield Problem(place, why, "make the lock anew with its tool")
    if facts.ecosystem not in _ONE_FILE:
        return
    known: dict[tuple[str, str, PackageSource], tuple[Package, dict[str, str]]] = {}
    for package in facts.packages:
        if package.source.kind != "registry" or not package.version:
            continue
        sums = {checksum.algorithm: checksum.value for file in package.files for checksum in file.checksums}
        first, seen = known.setdefault((package.name, package.version, package.source), (package, sums))
        if any(seen.get(algorithm, value) != value for algorithm, value in sums.items()):
            yield Problem(
                Location(facts.path, package.location.line),
                f"{package.name} {package.version} has another hash than on line {first.location.line}",
                "a version is one archive: find out which hash is the registry's, then make the lock anew",
            )


RULE = Rule(
    "lock-contradiction",
    Kind.LOCK,
    "",
    "one of the two is not what was published, and tools differ in which they take",
    check,
)
