# SPDX-License-Identifier: Apache-2.0
"""What a lock holds that no manifest of the repository accounts for: foreign sources, entries nothing leads to, versions nobody asked for.

The package managers take all three from a lock without a word: they compare the direct requirements, if anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline_guard.gate.manifest import redirect
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.redirect import Redirect
from pipeline_guard.gate.reach import reachable
from pipeline_guard.model.package import Lock, Package

Found = Iterator[tuple[str, str, int, str]]
# Formats whose git and address entries come from a manifest, or from a package that itself comes from there.
_SOURCED = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "Cargo.lock", "Gemfile.lock", "mix.lock", "pubspec.lock", "Podfile.lock")
_BLIND = ("mix.lock", "pdm.lock", "Pipfile.lock", "pubspec.lock")  # where the lock does not say what a git package needs
_LED = ("yarn.lock", "poetry.lock", "composer.lock", "bun.lock")  # formats whose entries must all be led to by a manifest
_MAX_TOLD = 50  # strays of one lock; each is looked for in every manifest
_SIMPLE = re.compile(r"(?:\*\*/)?((?:@[^/@>]+/)?[^/@>*]+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What manifests of one ecosystem say: places, names that they ask for, and every text in lower case.

    ``overrides`` are of the lock's own folder, as written. Reading is put off until a lock has something to account for.
    """

    redirects: Callable[[], Iterable[Redirect]]
    names: Callable[[], frozenset[str] | None]
    texts: Callable[[], Iterable[str]]
    overrides: Callable[[], Mapping[str, str]]


def unaccounted(lock: Lock, around: Surroundings) -> Found:
    """Give (path, name, line, what) of everything in a lock that nothing accounts for."""
    for found in (_strays(lock, around), _loose(lock, around), _misfits(lock, around), _overridden(lock, around)):
        for name, line, what in found:
            yield lock.path, name, line, what


def _strays(lock: Lock, around: Surroundings) -> Iterator[tuple[str, int, str]]:
    if lock.format not in _SOURCED:
        return
    suspects = [package for package in lock.packages if package.source.kind in ("git", "url")]
    if not suspects:
        return
    places = {one.place for one in around.redirects() if one.place}
    strays = [package for package in suspects if _place(package) not in places]
    if not strays or (lock.format in _BLIND and len(strays) < len(suspects)):
        return
    # what a package from git needs may come from git, too
    needs: dict[str, set[str]] = {}
    for package in suspects:
        needs.setdefault(package.name, set()).update(package.requires)
    excused = reachable((name for package in suspects if _place(package) in places for name in package.requires), needs)
    strays = [package for package in strays if package.name not in excused or package.source.kind != "git"]
    texts = list(around.texts()) if strays else []
    for package in strays[:_MAX_TOLD]:
        where = _place(package)
        short = "/".join(where.rpartition(" ")[2].split("/")[-2:])
        if not any(short in text for text in texts):  # written in a way that only its tool can read
            yield package.name, package.location.line, f"comes from {where}, which no manifest asks for"


def _place(package: Package) -> str:
    where = package.source.location
    return redirect.git(where) if package.source.kind == "git" else redirect.url(where)


def _loose(lock: Lock, around: Surroundings) -> Iterator[tuple[str, int, str]]:
    if not lock.packages or not (lock.format in _LED or (lock.format == "package-lock.json" and lock.version == "1")):
        return
    asked = around.names()
    if asked is None:
        return
    needs: dict[str, set[str]] = {}
    for package in lock.packages:
        for name in {package.name, package.alias or package.name}:
            needs.setdefault(name, set()).update(package.requires)
    roots = [*asked, *(package.name for package in lock.packages if package.source.kind in ("root", "path", "link"))]
    roots += [name for kind, name, _ in lock.settled if kind == "peer"]  # who needs it does not say so in version 1 of npm
    roots += [name for _, name, _ in lock.asked] if lock.format == "bun.lock" else []  # peers, which lock-drift compares by name
    reached = reachable(roots, needs)
    for package in lock.packages:
        if package.name not in reached and package.alias not in reached:
            yield package.name, package.location.line, f"{package.version} is locked, and nothing leads to it"


def _misfits(lock: Lock, around: Surroundings) -> Iterator[tuple[str, int, str]]:
    if not lock.misfits:
        return
    overridden = {one.name for one in around.redirects() if one.mechanism == "override"}
    for name, place, what in lock.misfits:
        if name not in overridden:
            yield name, place.line, what


def _overridden(lock: Lock, around: Surroundings) -> Iterator[tuple[str, int, str]]:
    """Give packages of the npm world that are not at the version which an override sets for all of them."""
    if lock.format not in ("package-lock.json", "yarn.lock"):
        return
    named: dict[str, list[Package]] = {}
    for package in lock.packages:
        named.setdefault(package.name, []).append(package)
    for key, wanted in around.overrides().items():
        simple = _SIMPLE.fullmatch(key)
        for package in named.get(simple[1], ()) if simple else ():
            ordinary = package.source.kind == "registry" and "-" not in package.version
            if ordinary and satisfies(package.version, wanted) is False:
                yield package.name, package.location.line, f"{package.version} is locked, and overridden to be {wanted[:40]}"
