# SPDX-License-Identifier: Apache-2.0
"""``pnpm-lock.yaml``, formats 5.0 to 9, as facts.

Source: pnpm's lockfile types. Keys name the package: ``/name/1.0.0_peers`` (5), ``/name@1.0.0(peers)`` (6), ``name@1.0.0`` (9);
a key that begins with a host, a scheme or ``file:`` is no package of the default registry.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import source, sri
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_yaml
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Distribution, Ecosystem, Lock, Package, PackageSource

_OLD = re.compile(r"(?:([^/@][^/]*\.[^/]*|localhost(?::\d+)?))?/((?:@[^/]+/)?[^/@]+)/([^/_(]+)(?:[_(].*)?")
_NEW = re.compile(r"/?((?:@[^/@]+/)?[^@/]+)@([^(]+)(?:\(.*)?")
_COMMIT = re.compile(r".*/tar\.gz/([0-9a-f]{40})|.*[?&#/]([0-9a-f]{40})(?:[/.].*)?")
_GROUPS = ("dependencies", "devDependencies", "optionalDependencies")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock; newer pnpm writes a document of its own tools in front, which counts, too."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    packages: list[Package] = []
    asked: list[tuple[str, str, str]] = []
    notes: list[tuple[Location, str]] = []
    settled: list[tuple[str, str, str]] = []
    version = ""
    for root in read_yaml(text, path):
        version = shape.version(root.get("lockfileVersion"), r"5(\.[0-4])?|6\.[01]|7\.0|9\.0")
        snapshots = shape.table(root.get("snapshots"), "snapshots")
        needs = {key.partition("(")[0]: value for key, value in snapshots.items()}
        for key, value in shape.table(root.get("packages"), "packages").items():
            packages.append(_package(key, shape.table(value, key), needs, shape, lines))
        asked += _asked(root, shape)
        notes += _swaps(root, shape, text)
        settled += _settled(root, shape)
    if not version:
        raise UsageError(f"{path}: the file is empty")
    return Lock(
        path,
        "pnpm-lock.yaml",
        Ecosystem.NPM,
        version,
        tuple(packages),
        tuple(dict.fromkeys(name for _, name, _ in asked)),
        tuple(notes),
        asked=tuple(asked),
        settled=tuple(settled),
    )


def _settled(root: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, str]]:
    for name, wanted in shape.table(root.get("overrides"), "overrides").items():
        yield "override", name, shape.word(wanted, name)
    for name, patch in shape.table(root.get("patchedDependencies"), "patchedDependencies").items():
        table = patch if isinstance(patch, dict) else {"hash": patch}
        yield "patch", name, f"{shape.word(table.get('path'), name)}\n{shape.word(table.get('hash'), name)}"


def _package(key: str, entry: dict[str, Any], needs: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    line = lines.find(f"  {key}:\n", f"  '{key}':\n", f'  "{key}":')
    resolution = shape.table(entry.get("resolution"), f"{key}: resolution")
    name, version, host = _identity(key)
    name = shape.word(entry.get("name"), f"{key}: name") or name
    version = shape.word(entry.get("version"), f"{key}: version") or version
    tarball = shape.word(resolution.get("tarball"), f"{key}: tarball")
    checksums = sri(shape.word(resolution.get("integrity"), f"{key}: integrity"))
    place = _source(key, version, host, resolution, tarball)
    files: tuple[Distribution, ...] = ()
    if place.kind in ("registry", "url"):
        files = (Distribution(url=tarball, checksums=checksums, line=line),)
    requires: list[str] = []
    for holder in (entry, shape.table(needs.get(key.partition("(")[0].removeprefix("/")), key)):
        for group in (_GROUPS[0], _GROUPS[2]):
            if group in holder:
                requires += shape.table(holder[group], group)
    return Package(
        Ecosystem.NPM,
        name,
        version,
        Location(shape.path, line),
        place,
        files,
        install_code=True if entry.get("requiresBuild") == "true" else None,
        development=entry.get("dev") == "true",
        requires=tuple(requires),
    )


def _identity(key: str) -> tuple[str, str, str]:
    """Return name, version and host of a key; the whole key as name where it is none of a registry."""
    new = _NEW.fullmatch(key)
    if new:
        return new[1], new[2], ""
    old = _OLD.fullmatch(key)
    return (old[2], old[3], old[1] or "") if old else (key, "", "")


def _source(key: str, version: str, host: str, resolution: dict[str, Any], tarball: str) -> PackageSource:
    kind = resolution.get("type")
    if kind == "git":
        return PackageSource("git", str(resolution.get("repo") or ""), str(resolution.get("commit") or ""))
    if kind == "directory" or "directory" in resolution:
        return source("path", str(resolution.get("directory") or ""))
    if tarball.startswith("file:"):
        return source("path", tarball.removeprefix("file:"))
    bare = key.partition("(")[0]
    found = _COMMIT.fullmatch(tarball)
    if tarball and re.match(r"https://codeload\.github\.com/|https://gitlab\.com/|https://bitbucket\.org/", tarball):
        return PackageSource("git", tarball, (found[1] or found[2]) if found else "")
    if re.search(r"(?:^|@)(?:https?:|git\+)", bare) or (tarball and not version) or bare.startswith("@http"):
        return PackageSource("url", tarball)
    return source("registry", f"https://{host}/" if host else "")


def _swaps(root: dict[str, Any], shape: Shape, text: str) -> Iterator[tuple[Location, str]]:
    """Give what a project asks for by version and gets under another name, and links that leave the repository (formats 6 and 9)."""
    for folder, value in shape.table(root.get("importers"), "importers").items():
        for group in _GROUPS:
            for name, row in shape.table(shape.table(value, folder).get(group), group).items():
                if not isinstance(row, dict):
                    continue
                specifier, got = shape.word(row.get("specifier"), name), shape.word(row.get("version"), name)
                at = text.find(f"version: {got}")
                place = Location(shape.path, text.count("\n", 0, at) + 1 if at >= 0 else 1)
                other = _NEW.fullmatch(got.partition("(")[0])
                if other and other[1] != name and not got.startswith("link:") and re.fullmatch(r"[\w.*^~<>=|+\-\s]*", specifier):
                    yield place, f"{name} is {other[1]}, which nobody asks for by that name"
                target = posixpath.normpath(posixpath.join(posixpath.dirname(shape.path), folder, got.removeprefix("link:")))
                if got.startswith("link:") and (target.startswith(("../", "/")) or target == ".."):
                    yield place, f"{name} is linked to {got[:80]}, outside the repository"


def _asked(root: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, str]]:
    importers = shape.table(root.get("importers"), "importers") or {".": root}
    for folder, value in importers.items():
        importer = shape.table(value, folder)
        specifiers = shape.table(importer.get("specifiers"), "specifiers")
        for group in _GROUPS:
            for name, wanted in shape.table(importer.get(group), group).items():
                specifier = wanted.get("specifier") if isinstance(wanted, dict) else specifiers.get(name)
                yield "" if folder == "." else folder, name, shape.word(specifier, name)
