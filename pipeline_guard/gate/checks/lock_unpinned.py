# SPDX-License-Identifier: Apache-2.0
"""Entries of lock files that fix no content: git without a full commit, paths that leave the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Lock, Package

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_SHORT = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)  # Bun writes what the forge's archive is called
_OPEN = re.compile(r"LATEST|RELEASE|[\[(][^,\])]*,[^)\]]*[)\]].*")  # versions of Maven that are decided when it builds
_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[\\/]|\\\\|file:///")


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give git sources without a full commit, and files, folders and links outside the repository; requirements have their own check."""
    if facts.format == "requirements.txt":
        return
    for package in facts.packages:
        if facts.format == "pom.xml":
            if _OPEN.fullmatch(package.version):
                yield Problem(Location(facts.path, package.location.line), f"{package.name} at {package.version[:40]}", "name one version")
            continue
        what, fix = _judge(package, facts)
        if what:
            yield Problem(Location(facts.path, package.location.line), f"{package.name or package.source.location[:80]} {what}", fix)


def _judge(package: Package, facts: Lock) -> tuple[str, str]:
    place = package.source
    if place.kind == "git":
        if _COMMIT.fullmatch(place.revision) or (facts.format == "bun.lock" and _SHORT.fullmatch(place.revision)):
            return "", ""
        return f"from git at {place.revision[:40] or 'no commit'}", "name the full commit in the manifest and make the lock anew"
    local = place.kind in ("path", "link") and place.location and "://" not in place.location
    if local and (_ABSOLUTE.match(place.location) or _escapes(place.location, facts.path)):
        return f"from {place.location[:80]}, outside the repository", "name a path inside this repository"
    return "", ""


def _escapes(location: str, path: str) -> bool:
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), location.replace("\\", "/")))
    return inside == ".." or inside.startswith("../")


RULE = Rule(
    "lock-unpinned",
    Kind.LOCK,
    "",
    "the same lock installs something else tomorrow, or on another machine",
    check,
)
