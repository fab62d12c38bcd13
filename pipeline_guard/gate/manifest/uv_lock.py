# SPDX-License-Identifier: Apache-2.0
"""``uv.lock`` (version 1) as facts.

Source: uv's "Locking" page and its ``lock`` module. Every file has its URL (or path), ``sha256:`` hash, and mostly size and
upload time; the project itself is ``virtual`` or ``editable``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import colon_checksum, git_query_source, pypi_name, source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode
from pipeline_guard.gate.manifest.table_toml import read_tables
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Distribution, Ecosystem, Lock, Package, PackageSource

_ELSEWHERE = ("url", "git", "path", "directory", "editable", "virtual")
_NEEDS = frozenset(("dependencies", "optional-dependencies", "dev-dependencies"))
_GROUPS = ("optional-dependencies", "dev-dependencies")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock."""
    text = decode(content, path)
    root = read_tables(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version"), "1")
    entries = list(shape.tables(root.get("package"), "package"))
    packages = tuple(_package(entry, shape, lines) for entry in entries)
    asked = tuple(one for entry in entries for one in _asked(entry, shape))
    direct = tuple(name for package in packages if package.source.kind == "root" for name in package.requires)
    notes = tuple(_swapped(root, entries, packages, shape))
    settled = tuple(_settled(shape.table(root.get("manifest"), "manifest"), shape))
    return Lock(path, "uv.lock", Ecosystem.PYPI, version, packages, direct, notes, asked=asked, settled=settled)


def _settled(manifest: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, str]]:
    """Give overrides and constraints; "" for one by an address, or where markers divide a name."""
    for kind, key in (("override", "overrides"), ("constraint", "constraints")):
        found: dict[str, str] = {}
        for wanted in shape.tables(manifest.get(key), key):
            name = pypi_name(shape.word(wanted.get("name"), "name"))
            found[name] = "" if name in found else shape.word(wanted.get("specifier"), "specifier")
        for name, specifier in found.items():
            yield kind, name, specifier


def _swapped(
    root: dict[str, Any], entries: list[dict[str, Any]], packages: tuple[Package, ...], shape: Shape
) -> Iterator[tuple[Location, str]]:
    """Give packages that come from an address, repository or folder although everybody asks for them by name."""
    listed = [*shape.tables(shape.table(root.get("manifest"), "manifest").get("overrides"), "overrides")]
    for entry in entries:
        if "metadata" not in entry:
            continue
        metadata = shape.table(entry["metadata"], "metadata")
        listed += shape.tables(metadata.get("requires-dist"), "requires-dist")
        for group in shape.table(metadata.get("requires-dev"), "requires-dev").values():
            listed += shape.tables(group, "requires-dev")
    named = {pypi_name(shape.word(one.get("name"), "name")) for one in listed if any(key in one for key in _ELSEWHERE)}
    named |= {name for package in packages if package.source.kind in ("url", "git") for name in package.requires}
    members = {shape.word(one.get("name"), "name") for one in entries if "metadata" in one}
    for package, entry in zip(packages, entries, strict=True):
        if package.source.kind == "registry":
            continue
        kind = next(iter(shape.table(entry.get("source"), "source")), "")
        if kind in ("url", "git", "path", "directory") and package.name not in named and entry.get("name") not in members:
            yield package.location, f"{package.name} is asked for by name, and comes from {'an address' if kind == 'url' else kind}"


def _package(entry: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    name = shape.word(entry.get("name"), "name")
    if not name:
        raise UsageError(f"{shape.path}: a package without a name")
    line = lines.find(f'[[package]]\nname = "{name}"', f'[[package]]\r\nname = "{name}"', f'name = "{name}"')
    place = _source(shape.table(entry.get("source"), f"{name}: source"), name, shape)
    files = []
    if "sdist" in entry:
        files.append(_file(shape.table(entry["sdist"], "sdist"), place, shape, lines))
    files += [_file(wheel, place, shape, lines) for wheel in shape.tables(entry.get("wheels"), "wheels")]
    return Package(
        Ecosystem.PYPI,
        pypi_name(name),
        shape.word(entry.get("version"), f"{name}: version"),
        Location(shape.path, line),
        place,
        tuple(files),
        install_code=bool(files) and "wheels" not in entry if files else None,
        requires=tuple(_requires(entry, shape)) if not entry.keys().isdisjoint(_NEEDS) else (),
    )


def _source(table: dict[str, Any], name: str, shape: Shape) -> PackageSource:
    for kind, value in table.items():
        location = shape.word(value, f"{name}: source") if kind != "subdirectory" else ""
        if kind in ("virtual", "editable"):
            return source("root" if location in (".", "") else "path", location)
        if kind in ("directory", "path"):
            return source("path", location)
        if kind == "registry":
            return source("registry", location)
        if kind == "url":
            return PackageSource("url", location)
        if kind == "git":
            return git_query_source(location)
    raise UsageError(f"{shape.path}: {name[:80]}: a source of no known kind")


def _file(entry: dict[str, Any], place: PackageSource, shape: Shape, lines: Lines) -> Distribution:
    url = shape.word(entry.get("url"), "url")
    local = shape.word(entry.get("path"), "path") or shape.word(entry.get("filename"), "filename")
    text = shape.word(entry.get("hash"), "hash")
    line = lines.find(f'"{url or local}"', f'hash = "{text}"')
    return Distribution(
        (local or url.partition("#")[0]).rpartition("/")[2],
        url or (place.location if place.kind == "url" and not local else ""),
        (colon_checksum(text),) if text else (),
        shape.size(entry.get("size")),
        shape.moment(entry.get("upload-time")),
        line,
    )


def _asked(entry: dict[str, Any], shape: Shape) -> Iterator[tuple[str, str, str]]:
    """Give what a project of the workspace asks for; a specifier "?" is an address or folder."""
    place = shape.table(entry.get("source"), "source")
    folder = place.get("virtual", place.get("editable"))
    if folder is None or "metadata" not in entry:
        return
    member = "" if folder == "." else shape.word(folder, "source")
    metadata = shape.table(entry["metadata"], "metadata")
    listed = list(shape.tables(metadata.get("requires-dist"), "requires-dist"))
    for group in shape.table(metadata.get("requires-dev"), "requires-dev").values():
        listed += shape.tables(group, "requires-dev")
    for wanted in listed:
        elsewhere = "index" in wanted or any(key in wanted for key in _ELSEWHERE)
        specifier = shape.word(wanted.get("specifier"), "specifier")
        yield member, pypi_name(shape.word(wanted.get("name"), "name")), "?" if elsewhere and not specifier else specifier


def _requires(entry: dict[str, Any], shape: Shape) -> Iterator[str]:
    for wanted in shape.tables(entry.get("dependencies"), "dependencies") if "dependencies" in entry else ():
        yield pypi_name(shape.word(wanted.get("name"), "name"))
    for group in _GROUPS:
        for listed in shape.table(entry[group], group).values() if group in entry else ():
            for wanted in shape.tables(listed, group):
                yield pypi_name(shape.word(wanted.get("name"), "name"))
