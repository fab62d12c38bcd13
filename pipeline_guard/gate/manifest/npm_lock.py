# SPDX-License-Identifier: Apache-2.0
"""``package-lock.json`` and ``npm-shrinkwrap.json``, versions 1 to 3, as facts.

Source: npm's "package-lock.json" page. Version 1 nests ``dependencies``, 3 lists ``packages`` by folder, 2 has both; where both
are there they must say the same, since older npm reads the one and newer npm the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import git_source, is_git, source, sri
from pipeline_guard.gate.manifest.npm_tree import loose, misfits, swaps
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Distribution, Ecosystem, Lock, Package, PackageSource

_FOLDER = "node_modules/"
_ASKED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_MAX_DEPTH = 200  # of dependencies in dependencies


def parse(content: bytes, path: str) -> Lock:
    """Read a lock; raise UsageError for what npm could not mean."""
    text = decode(content, path)
    root = read_json(text, path)
    shape = Shape(path)
    version = shape.version(root.get("lockfileVersion"), "[123]")
    lines = Lines(text)
    if "packages" not in root:
        found = list(_nested(root, shape, lines))
        direct = tuple(package.alias or package.name for place, package in found if place.count(_FOLDER) == 1)
        peers = tuple(("peer", name, "") for name, entry in _first(root, shape) if entry.get("peer") is True)
        every = tuple(package for _, package in found)
        return Lock(path, "package-lock.json", Ecosystem.NPM, version, every, direct, settled=peers)
    tables = {key: shape.table(entry, key) for key, entry in shape.table(root["packages"], "packages").items()}
    addresses = _addresses(tables.values(), shape)
    packages = {key: _package(key, entry, addresses, shape, lines) for key, entry in tables.items()}
    top = tables.get("", {})
    direct = tuple(name for kind in _ASKED[:3] for name in shape.table(top.get(kind), kind))
    notes = tuple(swaps(tables, packages, shape))
    if "dependencies" in root:
        notes += tuple(_contradictions(root, packages, shape, Lines(text)))
    # the list that npm keeps inside of node_modules names no project
    inner = path.lower().rpartition("/")[2] == ".package-lock.json"
    unneeded = () if inner else tuple(packages[key] for key in sorted(loose(tables, shape)))
    asked = tuple(
        (key, name, shape.word(wanted, name))
        for key, entry in tables.items()
        if _FOLDER not in key
        for kind in _ASKED[:3]
        for name, wanted in shape.table(entry.get(kind), kind).items()
    )
    wrong = tuple(misfits(tables, packages, shape))
    rows = tuple(packages.values())
    return Lock(path, "package-lock.json", Ecosystem.NPM, version, rows, direct, notes, asked=asked, loose=unneeded, misfits=wrong)


def _package(key: str, entry: dict[str, Any], asked: set[str], shape: Shape, lines: Lines) -> Package:
    line = lines.find(json.dumps(key, ensure_ascii=False) + ":", f'"{key}":')
    folder, slash, installed = key.rpartition(_FOLDER)
    inside = bool(slash) and (not folder or folder.endswith("/"))
    named = shape.word(entry.get("name"), f"{key}: name")
    name = named or (installed if inside else key)
    resolved = shape.word(entry.get("resolved"), f"{key}: resolved")
    checksums = sri(shape.word(entry.get("integrity"), f"{key}: integrity"))
    requires: list[str] = []
    for kind in _ASKED[:1] + _ASKED[2:]:
        if kind in entry:
            requires += shape.table(entry[kind], f"{key}: {kind}")
    place = _source(key if not inside else "", entry, resolved, asked) if key else source("root")
    url = resolved if place.kind in ("registry", "url") else ""
    return Package(
        Ecosystem.NPM,
        name,
        shape.word(entry.get("version"), f"{key}: version"),
        Location(shape.path, line),
        place,
        (Distribution(url=url, checksums=checksums, line=line),) if url or checksums else (),
        alias=installed if inside and named and installed != named else "",
        install_code=entry.get("hasInstallScript") is True,
        development=entry.get("dev") is True,
        requires=tuple(requires),
    )


def _source(member: str, entry: dict[str, Any], resolved: str, asked: set[str]) -> PackageSource:
    if entry.get("link") is True:
        return source("link", resolved)
    if member:
        return source("path", member)
    if resolved.startswith("file:"):
        return source("path", resolved.removeprefix("file:"))
    if resolved and is_git(resolved):
        return git_source(resolved)
    if entry.get("inBundle") is True or entry.get("bundled") is True:
        return source("bundled")
    if resolved in asked:
        return PackageSource("url", resolved)
    return source("registry")


def _addresses(tables: Any, shape: Shape) -> set[str]:
    """Return what somebody asks for by address instead of by version."""
    found = set()
    for entry in tables:
        for kind in _ASKED:
            for wanted in shape.table(entry.get(kind), kind).values() if kind in entry else ():
                if isinstance(wanted, str) and "://" in wanted:
                    found.add(wanted)
    return found


def _nested(root: dict[str, Any], shape: Shape, lines: Lines) -> Iterator[tuple[str, Package]]:
    """Give the packages of version 1, each with the folder that it is installed in."""
    pending: list[Iterator[tuple[str, str, Any]]] = [_level("", root, shape)]
    while pending:
        step = next(pending[-1], None)
        if step is None:
            pending.pop()
            continue
        place, name, value = step
        entry = shape.table(value, name)
        line = lines.find(json.dumps(name, ensure_ascii=False) + ": {", f'"{name}":')
        yield place, _old_package(name, entry, shape, line)
        if len(pending) > _MAX_DEPTH:
            raise UsageError(f"{shape.path}:{line}: dependencies nested deeper than {_MAX_DEPTH} levels")
        pending.append(_level(place + "/", entry, shape))


def _first(root: dict[str, Any], shape: Shape) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, name, value in _level("", root, shape):
        yield name, shape.table(value, name)


def _level(place: str, entry: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, Any]]:
    for name, value in shape.table(entry.get("dependencies"), "dependencies").items():
        yield f"{place}{_FOLDER}{name}", name, value


def _old_package(name: str, entry: dict[str, Any], shape: Shape, line: int) -> Package:
    version = shape.word(entry.get("version"), f"{name}: version")
    resolved = shape.word(entry.get("resolved"), f"{name}: resolved")
    checksums = sri(shape.word(entry.get("integrity"), f"{name}: integrity"))
    real, place = name, source("registry")
    if version.startswith("npm:"):
        real, _, version = version.removeprefix("npm:").rpartition("@")
    elif version.startswith("file:"):
        place = source("path", version.removeprefix("file:"))
    elif is_git(version):
        place = git_source(version)
    elif version.startswith(("http:", "https:")):
        place, resolved = PackageSource("url", version), resolved or version
    elif entry.get("bundled") is True:
        place = source("bundled")
    wanted = entry.get("requires")
    url = resolved if place.kind in ("registry", "url") else ""
    return Package(
        Ecosystem.NPM,
        real,
        "" if place.kind not in ("registry", "bundled") else version,
        Location(shape.path, line),
        place,
        (Distribution(url=url, checksums=checksums, line=line),) if url or checksums else (),
        alias=name if real != name else "",
        development=entry.get("dev") is True,
        requires=tuple(wanted) if isinstance(wanted, dict) else (),
    )


def _contradictions(root: dict[str, Any], packages: dict[str, Package], shape: Shape, lines: Lines) -> Iterator[tuple[Location, str]]:
    """Give what the older half of version 2 says otherwise than the newer one."""
    for place, old in _nested(root, shape, lines):
        new = packages.get(place)
        if new is None or not old.files or not new.files or new.source.kind == "link":
            continue
        theirs, ours = old.files[0], new.files[0]
        if (theirs.url and ours.url and theirs.url != ours.url) or (
            theirs.checksums and ours.checksums and set(theirs.checksums) != set(ours.checksums)
        ):
            yield old.location, f"{old.name}: the part for npm 6 names another file or hash than the part for newer npm"
