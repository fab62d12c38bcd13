# SPDX-License-Identifier: Apache-2.0
"""Locks that do not belong to the manifest beside them, computed without running the package manager."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.manifests import POETRY
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.project import Asked, Manifest, Project
from pipeline_guard.gate.manifest.python_range import satisfies as in_python_range
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock

_COMMANDS = {
    "package-lock.json": "npm install --package-lock-only",
    "uv.lock": "uv lock",
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock",
    "Pipfile.lock": "pipenv lock",
    "composer.lock": "composer update --lock",
    "Cargo.lock": "cargo update --workspace",
    "Gemfile.lock": "bundle lock",
    "go.sum": "go mod tidy",
    "pnpm-lock.yaml": "pnpm install --lockfile-only",
    "yarn.lock": "yarn install",
    "bun.lock": "bun install --lockfile-only",
    "pubspec.lock": "dart pub get",
    "Chart.lock": "helm dependency update",
    "packages.lock.json": "dotnet restore --force-evaluate",
    ".terraform.lock.hcl": "terraform providers lock",
    "mix.lock": "mix deps.get",
    "Package.resolved": "swift package resolve",
    "flake.lock": "nix flake lock",
}

_OVERRIDES = re.compile(r"@?[^@]*")  # the name in name@range
_PYTHON = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")


def check(facts: Project, _settings: GateSettings) -> Iterator[Problem]:
    """Give what a manifest asks for and its lock does not have, locks whose digest is another manifest's, and versions out of range."""
    lock = facts.lock
    own = [one for one in facts.manifests if posixpath.dirname(one.path) == posixpath.dirname(lock.path)]
    command = _COMMANDS.get(lock.format, "make the lock anew")
    for manifest in own:
        digests = manifest.pdm_digests if lock.format == "pdm.lock" else manifest.digests
        if _pairs(lock, manifest) and lock.manifest_digest and digests and lock.manifest_digest not in digests:
            yield Problem(Location(lock.path, 1), f"{lock.path} was made from another {posixpath.basename(manifest.path)}", command)
            return
    if lock.format in ("go.sum", "go.mod"):
        yield from _go(facts, command) if lock.format == "go.sum" else _without_sums(facts)
        return
    for path, name, line, what in facts.differences:
        yield Problem(Location(path, line), f"{name[:80]} {what}", command)
    for manifest in facts.manifests if lock.asked else own:
        missing = list(_missing(lock, manifest, posixpath.dirname(lock.path)))
        told = {asked.name for asked, _ in missing}
        for asked, what in (*missing, *(found for found in _outside(lock, manifest) if found[0].name not in told)):
            yield Problem(Location(manifest.path, asked.line), f"{asked.name} {asked.specifier} {what}".replace("  ", " "), command)


def _pairs(lock: Lock, manifest: Manifest) -> bool:
    """Tell whether the digest of a lock is one of this kind of manifest."""
    return {"poetry.lock": "pyproject.toml", "pdm.lock": "pyproject.toml", "Pipfile.lock": "Pipfile", "composer.lock": "composer.json"}.get(
        lock.format
    ) == manifest.format


def _missing(lock: Lock, manifest: Manifest, folder: str) -> Iterator[tuple[Asked, str]]:
    """Give what a manifest asks for that the lock does not answer."""
    if lock.format in (
        "requirements.txt",
        "poetry.lock",
        "composer.lock",
        "Pipfile.lock",
        "pylock.toml",
        "go.mod",
        "pixi.lock",
        "conda-lock.yml",
    ):
        return  # their digest says it, or they are no lock of this manifest
    member = posixpath.relpath(posixpath.dirname(manifest.path) or ".", folder or ".")
    member = "" if member == "." else member
    if lock.asked:
        wanted = {(name, specifier) for place, name, specifier in lock.asked if place == member}
        names = {name for name, _ in wanted}
        if not wanted and not any(place == member for place, _, _ in lock.asked):
            return  # not a project of this lock
        for asked in [one for one in manifest.asked if one.group != POETRY]:
            if asked.name not in names:
                yield asked, "is not in the lock"
            elif lock.format == "package-lock.json":
                yield from _range(lock, asked, wanted)
            elif lock.format == "uv.lock" and not _same_requirement(asked, wanted):
                yield asked, "is asked for otherwise than the lock says"
            elif lock.format in ("pnpm-lock.yaml", "bun.lock") and (asked.name, asked.specifier) not in wanted:
                several = [one for one in manifest.asked if one.name == asked.name]  # both kinds: the lock repeats one of them
                if asked.name not in _overridden(lock) and not any((one.name, one.specifier) in wanted for one in several):
                    yield asked, "is asked for otherwise than the lock says"
        return
    # a gem for another platform is among what the lock repeats, and not locked
    known = {name for package in lock.packages for name in (package.name, package.alias)} | set(lock.direct)
    complete = manifest.complete or lock.version.startswith("berry")
    for asked in [one for one in manifest.asked if one.group != POETRY]:
        if asked.name not in known and complete and _is_registry(asked):
            yield asked, "is not in the lock"


def _overridden(lock: Lock) -> set[str]:
    """Return the names that an override of the lock is about: pnpm writes its value in the place of what the manifest asks for."""
    return {_OVERRIDES.match(name.rpartition(">")[2])[0] for kind, name, _ in lock.settled if kind == "override"}  # type: ignore[index]


def _outside(lock: Lock, manifest: Manifest) -> Iterator[tuple[Asked, str]]:
    """Give what a Python manifest asks for and whose locked versions are all others: its tools compare texts, not versions."""
    if lock.format not in _PYTHON:
        return
    versions: dict[str, list[str]] = {}
    for package in lock.packages:
        if package.source.kind == "registry":
            versions.setdefault(package.name, []).append(package.version)
    specifiers: dict[str, list[str]] = {}
    for asked in manifest.asked:
        specifiers.setdefault(asked.name, []).append(asked.specifier)
    for asked in manifest.asked:
        held = versions.get(asked.name, [])
        # markers may divide one name: one of its ranges has to be met
        if held and asked.name not in manifest.overridden and not _is_met(held, specifiers.pop(asked.name, [""])):
            yield asked, f"is locked at {held[0][:40]}"


def _is_met(versions: list[str], specifiers: list[str]) -> bool:
    return any(in_python_range(version, specifier) is not False for version in versions for specifier in specifiers)


def _is_registry(asked: Asked) -> bool:
    return "://" not in asked.specifier and not asked.specifier.startswith(("file:", "link:", "workspace:", "portal:", "catalog:", "git"))


def _range(lock: Lock, asked: Asked, wanted: set[tuple[str, str]]) -> Iterator[tuple[Asked, str]]:
    """Judge one requirement of npm: written the same in the lock, or answered by the version that is installed."""
    if asked.specifier.startswith(("file:", "link:", "workspace:")):
        return
    specifier, real = asked.specifier, ""
    if specifier.startswith("npm:"):
        real, at, version = specifier.removeprefix("npm:").rpartition("@")
        real, specifier = (real, version) if at and real else (at + version, "*")
    elif (asked.name, specifier) in wanted:
        return
    found = [package for package in lock.packages if asked.name in (package.alias or package.name,)]
    if real and found and all(package.name != real for package in found):
        yield asked, "is not what the lock holds"
        return
    if (asked.name, asked.specifier) in wanted:
        return
    results = [satisfies(package.version, specifier) for package in found]
    if not any(result for result in results) and (not found or False in results or "://" in specifier):
        yield asked, "is not what the lock holds"


def _same_requirement(asked: Asked, wanted: set[tuple[str, str]]) -> bool:
    def clauses(text: str) -> set[str]:
        return {re.sub(r"\s+", "", clause) for clause in text.split(",") if clause.strip()}

    if asked.specifier.startswith("@"):
        return True
    return any(name == asked.name and (specifier in ("?",) or clauses(specifier) == clauses(asked.specifier)) for name, specifier in wanted)


def _without_sums(facts: Project) -> Iterator[Problem]:
    """Give a go.mod that requires modules and has no go.sum beside it: nothing proves what is downloaded."""
    folder = posixpath.dirname(facts.path)
    fetched = [package for package in facts.lock.packages if package.source.kind == "registry"]
    if fetched and not any(one.format == "go.sum" and posixpath.dirname(one.path) == folder for one in facts.beside):
        what = f"{fetched[0].name} {fetched[0].version} has no go.sum"
        yield Problem(Location(facts.path, fetched[0].location.line), what, _COMMANDS["go.sum"])


def _go(facts: Project, command: str) -> Iterator[Problem]:
    """Give modules of go.mod without any line in go.sum, and direct ones of which only the go.mod has one."""
    summed = {(package.name, package.version) for package in facts.lock.packages}
    whole = {(one.name, one.version) for one in facts.lock.packages if any(file.name == "zip" for file in one.files)}
    folder = posixpath.dirname(facts.lock.path)
    for module in facts.beside:
        if module.format != "go.mod" or posixpath.dirname(module.path) != folder:
            continue
        for package in module.packages:
            needed = whole if package.name in module.direct else summed
            if package.source.kind == "registry" and (package.name, package.version) not in needed and package.ecosystem is Ecosystem.GO:
                yield Problem(
                    Location(module.path, package.location.line), f"{package.name} {package.version} has no line in go.sum", command
                )


RULE = Rule(
    "lock-drift",
    Kind.PROJECT,
    "",
    "what gets installed is not what was reviewed",
    check,
)
