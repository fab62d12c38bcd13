# SPDX-License-Identifier: Apache-2.0
"""``composer.lock`` as facts.

Source: Composer's ``Locker``. ``dist.shasum`` is empty for packages of hosted repositories; what fixes those bytes is the commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_GITHUB = re.compile(r"https://api\.github\.com/repos/([^/]+/[^/]+)/zipball/")
_REPOSITORY = re.compile(r"(?:https://|git@|ssh://git@)github\.com[:/]([^/]+/[^/]+?)(?:\.git)?/?")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    if not any(key in root for key in ("content-hash", "hash", "packages")):
        raise UsageError(f"{path}: not a Composer lock")
    packages: list[Package] = []
    for group in ("packages", "packages-dev"):
        development = group == "packages-dev"
        packages += [_package(entry, shape, lines, development=development) for entry in shape.tables(root.get(group), group)]
    version = shape.word(root.get("plugin-api-version"), "plugin-api-version")
    digest = shape.word(root.get("content-hash"), "content-hash")
    notes = tuple(_apart(root, packages, shape))
    return Lock(path, "composer.lock", Ecosystem.PACKAGIST, version, tuple(packages), notes=notes, manifest_digest=digest)


def _apart(root: dict[str, Any], packages: list[Package], shape: Shape) -> Iterator[tuple[Location, str]]:
    """Give packages whose archive and whose repository, which Composer takes where the archive fails, are not of one project."""
    entries = [entry for group in ("packages", "packages-dev") for entry in shape.tables(root.get(group), group)]
    for package, entry in zip(packages, entries, strict=True):
        dist, origin = shape.table(entry.get("dist"), "dist"), shape.table(entry.get("source"), "source")
        archive = _GITHUB.match(shape.word(dist.get("url"), "dist.url"))
        repository = shape.word(origin.get("url"), "source.url")
        own = _REPOSITORY.fullmatch(repository)
        if archive and repository and not (own and own[1].lower() == archive[1].lower()):
            yield package.location, f"{package.name} has the archive of {archive[1]} and the repository {repository[:80]}"
        references = {shape.word(each.get("reference"), "reference") for each in (dist, origin)} - {""}
        if archive and len(references) > 1:
            yield package.location, f"{package.name} has an archive of another commit than its repository's"


def _package(entry: dict[str, Any], shape: Shape, lines: Lines, *, development: bool) -> Package:
    name = shape.word(entry.get("name"), "name")
    line = lines.find(f'"name": {json.dumps(name)}', f'"name":{json.dumps(name)}')
    dist, origin = shape.table(entry.get("dist"), f"{name}: dist"), shape.table(entry.get("source"), f"{name}: source")
    url, sum_ = shape.word(dist.get("url"), "dist.url"), shape.word(dist.get("shasum"), "dist.shasum")
    revision = shape.word(dist.get("reference"), "reference") or shape.word(origin.get("reference"), "reference")
    kind = shape.word(dist.get("type"), "dist.type")
    if kind == "path":
        place = source("path", url)
    elif not dist and origin:
        place = PackageSource("git", shape.word(origin.get("url"), "source.url"), revision)
    else:
        place = PackageSource("registry", "", revision)
    files: tuple[Distribution, ...] = ()
    if place.kind == "registry" and (url or not origin):
        uploaded = shape.moment(entry.get("time"))
        files = (Distribution(url=url, checksums=(Checksum("sha1", sum_),) if sum_ else (), uploaded=uploaded, line=line),)
    requires = tuple(word.lower() for word in shape.table(entry.get("require") or None, "require") if "/" in word)
    return Package(
        Ecosystem.PACKAGIST,
        name.lower(),
        shape.word(entry.get("version"), f"{name}: version"),
        Location(shape.path, line),
        place,
        files,
        install_code=entry.get("type") == "composer-plugin",
        development=development,
        requires=requires,
    )
