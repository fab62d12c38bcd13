# SPDX-License-Identifier: Apache-2.0
"""The folders of a ``package-lock.json`` as the graph that Node walks: what nothing asks for, and what is not what was asked for.

Source: npm's "package-lock.json" page and Node's "Loading from node_modules folders": a name is looked for beside the one who asks,
then in every folder above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_guard.gate.manifest.naming import is_git
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.reading import Shape
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Package

_FOLDER = "node_modules/"
_ASKED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_ALIAS = re.compile(r"npm:((?:@[^/@]+/)?[^@]+)(?:@.*)?")
_RANGE = re.compile(r"[\w.*^~<>=|+\-\s]*")  # a version, a range or a tag: no address, folder or repository

Tables = Mapping[str, Mapping[str, Any]]


def loose(tables: Tables, shape: Shape) -> frozenset[str]:
    """Return the folders below ``node_modules`` that no project of the lock leads to, however indirectly."""
    # a workspace is linked whether or not somebody asks for it
    pending = [key for key in tables if _FOLDER not in key or tables[key].get("link") is True]
    reached = set(pending)
    while pending:
        key = pending.pop()
        for _, _, target in _edges(key, tables, shape):
            if target not in reached:
                reached.add(target)
                pending.append(target)
        linked = tables[key].get("resolved") if tables[key].get("link") is True else None
        if isinstance(linked, str) and linked in tables and linked not in reached:
            reached.add(linked)
            pending.append(linked)
    return frozenset(key for key in tables if _FOLDER in key and key not in reached)


def swaps(tables: Tables, packages: Mapping[str, Package], shape: Shape) -> Iterator[tuple[Location, str]]:
    """Give every package that is another one than everybody asks for by that name, or from elsewhere than a registry unasked."""
    wanted: dict[str, list[tuple[str, str]]] = {}
    for key in tables:
        for name, specifier, target in _edges(key, tables, shape):
            wanted.setdefault(target, []).append((name, specifier))
    for target, edges in wanted.items():
        package = packages[target]
        plain = [name for name, specifier in edges if _RANGE.fullmatch(specifier)]
        if len(plain) == len(edges) and package.source.kind in ("git", "path") and _FOLDER in target:
            yield package.location, f"{package.name} is asked for by version, and comes from {package.source.kind}"
        elif package.alias and not any(_names(specifier, package.name) for _, specifier in edges):
            yield package.location, f"{package.alias} is {package.name}, which nobody asks for by that name"


def misfits(tables: Tables, packages: Mapping[str, Package], shape: Shape) -> Iterator[tuple[str, Location, str]]:
    """Give every package whose version is outside of what another one asks for; peers are often put up with."""
    told: set[str] = set()
    for key in tables:
        for name, specifier, target in _edges(key, tables, shape, _ASKED[:3]):
            package = packages[target]
            if target in told or package.source.kind != "registry" or "-" in package.version or _FOLDER not in target:
                continue
            wanted = specifier[specifier.find("@", 5) + 1 :] if specifier.startswith("npm:") and "@" in specifier[5:] else specifier
            if wanted[1:] != package.version and satisfies(package.version, wanted) is False:
                told.add(target)
                yield name, package.location, f"{package.version} is locked for {wanted[:60]}"


def _names(specifier: str, real: str) -> bool:
    """Tell whether a specifier may lead to a package that calls itself ``real``: an alias of it, or an address."""
    found = _ALIAS.fullmatch(specifier)
    return found[1] == real if found else is_git(specifier) or not _RANGE.fullmatch(specifier)


def _edges(key: str, tables: Tables, shape: Shape, kinds: tuple[str, ...] = _ASKED) -> Iterator[tuple[str, str, str]]:
    """Give (name, specifier, folder that answers it) of everything that the package in a folder asks for."""
    entry = tables[key]
    for kind in kinds:
        if kind not in entry or (kind == "devDependencies" and _FOLDER in key):
            continue
        for name, specifier in shape.table(entry[kind], f"{key}: {kind}").items():
            target = _answer(key, name, tables)
            if target is not None:
                yield name, shape.word(specifier, name), target


def _answer(key: str, name: str, tables: Tables) -> str | None:
    place = key
    while True:
        found = f"{place}/{_FOLDER}{name}" if place else f"{_FOLDER}{name}"
        if found in tables:
            return found
        if not place:
            return None
        # one folder up; of .../node_modules/x the folder that node_modules lies in
        place = place.rpartition("/")[0]
        place = place.removesuffix("/node_modules") if place != "node_modules" else ""
