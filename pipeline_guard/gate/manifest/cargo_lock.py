# SPDX-License-Identifier: Apache-2.0
"""``Cargo.lock``, versions 1 to 4, as facts.

Source: cargo's ``resolver/encode.rs``. A package without a source is a member of the workspace or lies in a folder.
"""

from __future__ import annotations

from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import git_query_source, source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode
from pipeline_guard.gate.manifest.table_toml import read_tables
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_DEFAULT = ("registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")


def parse(content: bytes, path: str) -> Lock:
    """Read a lock."""
    text = decode(content, path)
    root = read_tables(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("version", 1), "[1-4]")
    apart = shape.table(root.get("metadata"), "metadata")  # version 1 keeps checksums at the end
    entries = list(shape.tables(root.get("package"), "package"))
    if "root" in root:
        entries.append(shape.table(root["root"], "root"))
    packages = tuple(_package(entry, apart, shape, lines) for entry in entries)
    direct = tuple(name for package in packages if package.source.kind == "path" for name in package.requires)
    return Lock(path, "Cargo.lock", Ecosystem.CRATES, version, packages, direct)


def _package(entry: dict[str, Any], apart: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    name = shape.word(entry.get("name"), "name")
    version = shape.word(entry.get("version"), f"{name}: version")
    if not name or not version:
        raise UsageError(f"{shape.path}: a package without a name or version")
    line = lines.find(f'name = "{name}"\nversion = "{version}"', f'name = "{name}"\r\nversion = "{version}"', f'name = "{name}"')
    origin = shape.word(entry.get("source"), f"{name}: source")
    text = shape.word(entry.get("checksum") or apart.get(f"checksum {name} {version} ({origin})"), "checksum")
    place = _source(origin, name, shape)
    files: tuple[Distribution, ...] = ()
    if place.kind == "registry" or text:
        files = (Distribution(checksums=(Checksum("sha256", text),) if text and text != "<none>" else (), line=line),)
    requires = tuple(word.partition(" ")[0] for word in shape.words(entry.get("dependencies"), "dependencies"))
    return Package(Ecosystem.CRATES, name, version, Location(shape.path, line), place, files, requires=requires)


def _source(origin: str, name: str, shape: Shape) -> PackageSource:
    if not origin:
        return source("path")
    if origin in _DEFAULT:
        return source("registry")
    kind, plus, location = origin.partition("+")
    if plus and kind in ("registry", "sparse"):
        return source("registry", location)
    if plus and kind == "git":
        return git_query_source(location)
    raise UsageError(f"{shape.path}: {name[:80]}: a source of no known kind")
