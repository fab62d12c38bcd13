# SPDX-License-Identifier: Apache-2.0
"""Locks that carry no hash of what is downloaded: nothing in them can show a replaced file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.checks.lock_hash_missing import carries_none
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import Project
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock

_REMEDY = {
    "gradle.lockfile": "gradle --write-verification-metadata sha256 help, and commit gradle/verification-metadata.xml",
    "Gemfile.lock": "bundle lock --add-checksums",
    "pubspec.lock": "dart pub get with a current Dart",
    "Chart.lock": "commit the charts themselves, or verify their provenance (helm dependency update --verify)",
    "Podfile.lock": "its checksums are those of podspecs; name pods by a git commit",
    "conan.lock": "its revisions are those of recipes; compare packages with a lock of the server",
    "renv.lock": "its MD5 is one of descriptions; install from a dated snapshot of the registry",
    "composer.lock": "composer update --lock with a repository that gives checksums, or packages with a commit",
}
_COMMIT = re.compile(r"[0-9a-f]{40}")


def check(facts: Project, _settings: GateSettings) -> Iterator[Problem]:
    """Give, as a doubt, each lock in which packages of a registry have no hash by the nature of the format."""
    lock = facts.lock
    if lock.format == "composer.lock":
        lacking = [
            package.location.line
            for package in lock.packages
            if package.files and not any(file.checksums for file in package.files) and not _COMMIT.fullmatch(package.source.revision)
        ]
    elif lock.format == "gradle.lockfile":
        lacking = list(_uncovered(lock, facts.beside))
    elif lock.format in _REMEDY and (lock.format not in ("Gemfile.lock", "pubspec.lock") or carries_none(lock)):
        lacking = [package.location.line for package in lock.packages if package.source.kind == "registry"]
    else:
        return
    if lacking:
        what = f"{len(lacking)} of {len(lock.packages)} packages have no hash of what is downloaded"
        yield Problem(Location(lock.path, lacking[0]), what, _REMEDY[lock.format], doubt=True)


def _uncovered(lock: Lock, beside: tuple[Lock, ...]) -> Iterator[int]:
    """Give the lines of packages that no verification metadata of this repository has a hash for."""
    known = {
        package.key
        for other in beside
        for package in other.packages
        if other.ecosystem is Ecosystem.MAVEN and package.files and other.format != lock.format
    }
    for package in lock.packages:
        if package.key not in known:
            yield package.location.line


RULE = Rule(
    "lock-unverifiable",
    Kind.PROJECT,
    "",
    "a replaced file would not be noticed",
    check,
)
