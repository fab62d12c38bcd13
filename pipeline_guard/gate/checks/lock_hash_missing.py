# SPDX-License-Identifier: Apache-2.0
"""Entries of lock files without the hash that their format carries."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock, Package

# Formats that carry no hash of what is downloaded (lock-unverifiable speaks of them), and requirements, which have checks of their own.
WITHOUT = ("requirements.txt", "go.mod", "pom.xml", "gradle.lockfile", "Chart.lock", "Podfile.lock", "conan.lock", "renv.lock")
FIX = {
    Ecosystem.NPM: "delete the entry and run the package manager's install, which writes its integrity",
    Ecosystem.PYPI: "make the lock anew (uv lock, poetry lock, pdm lock, pipenv lock)",
    Ecosystem.CRATES: "delete the entry and run cargo generate-lockfile",
}


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package of a registry or URL one of whose files has no hash; commits are hashes of their own."""
    if facts.format in WITHOUT or carries_none(facts):
        return
    for package in facts.packages:
        if package.source.kind in ("registry", "url") and _lacks(package):
            line = next((file.line for file in package.files if not file.checksums), 0) or package.location.line
            fix = FIX.get(facts.ecosystem, "make the lock anew with its tool")
            yield Problem(Location(facts.path, line), f"{package.name} {package.version}".strip(), fix)


def carries_none(facts: Lock) -> bool:
    """Tell whether a format that may carry hashes carries none at all in this file."""
    if facts.ecosystem is Ecosystem.RUBYGEMS:
        return facts.version != "checksums"
    registered = [package for package in facts.packages if package.source.kind == "registry"]
    return facts.format == "pubspec.lock" and not any(file.checksums for package in registered for file in package.files)


def _lacks(package: Package) -> bool:
    if package.ecosystem is Ecosystem.PACKAGIST:
        return False  # lock-unverifiable looks at these
    if not package.files:
        # conditional packages of Yarn, packages of Swift registries: nothing was fetched, nothing can be recorded
        return package.ecosystem in (Ecosystem.PYPI, Ecosystem.CRATES)
    return any(not file.checksums for file in package.files)


RULE = Rule(
    "lock-hash-missing",
    Kind.LOCK,
    "without a hash",
    "whatever is served under that name gets installed, a replaced file too",
    check,
)
