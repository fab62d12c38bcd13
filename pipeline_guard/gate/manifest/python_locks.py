# SPDX-License-Identifier: Apache-2.0
"""``poetry.lock``, ``pdm.lock``, ``Pipfile.lock`` and ``pylock.toml`` as facts.

Sources: poetry's ``packages/locker.py``, pdm's ``project/lockfile``, pipenv's ``plette``; PEP 751 for ``pylock.toml``. The first
three list the hashes of all files of a version, mostly without URLs.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import colon_checksum, pypi_name, source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_json
from pipeline_guard.gate.manifest.table_toml import read_tables
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource


def parse_poetry(content: bytes, path: str) -> Lock:
    """Read ``poetry.lock``, lock versions 1.0 to 2.x."""
    text = decode(content, path)
    root = read_tables(text, path)
    shape, lines = Shape(path), Lines(text)
    metadata = shape.table(root.get("metadata"), "metadata")
    version = shape.version(metadata.get("lock-version", "1.0"), r"[12]\.[0-9]{1,2}")
    apart = shape.table(metadata.get("files"), "metadata.files")  # 1.0 and 1.1 list the files at the end
    older = shape.table(metadata.get("hashes"), "metadata.hashes")
    packages = tuple(_poetry_package(entry, apart, older, shape, lines) for entry in shape.tables(root.get("package"), "package"))
    digest = shape.word(metadata.get("content-hash"), "metadata.content-hash")
    return Lock(path, "poetry.lock", Ecosystem.PYPI, version, packages, manifest_digest=digest)


def _poetry_package(entry: dict[str, Any], apart: dict[str, Any], older: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    name = _name(entry, shape)
    line = _head(lines, name)
    place = _poetry_source(shape.table(entry.get("source"), f"{name}: source"), shape)
    listed = [*shape.tables(entry.get("files"), "files"), *shape.tables(apart.get(name), "metadata.files")]
    files = [_file(one, place, shape, lines) for one in listed]
    files += [Distribution(checksums=(Checksum("sha256", text),), line=line) for text in shape.words(older.get(name), "metadata.hashes")]
    requires = [pypi_name(wanted) for wanted in shape.table(entry.get("dependencies"), f"{name}: dependencies")]
    groups = shape.words(entry.get("groups"), "groups") if "groups" in entry else [shape.word(entry.get("category"), "category")]
    return Package(
        Ecosystem.PYPI,
        pypi_name(name),
        shape.word(entry.get("version"), f"{name}: version"),
        Location(shape.path, line),
        place,
        tuple(files),
        install_code=_builds(files),
        development=groups == ["dev"],
        requires=tuple(requires),
    )


def _poetry_source(table: dict[str, Any], shape: Shape) -> PackageSource:
    kind, url = shape.word(table.get("type"), "source.type"), shape.word(table.get("url"), "source.url")
    revision = shape.word(table.get("resolved_reference"), "source.resolved_reference") or shape.word(table.get("reference"), "reference")
    if kind == "git":
        return PackageSource("git", url, revision)
    if kind in ("file", "directory"):
        return source("path", url)
    if kind == "url":
        return PackageSource("url", url)
    if kind not in ("", "legacy", "pypi"):
        raise UsageError(f"{shape.path}: a source of type {kind[:40]!r} is not known")
    return source("registry", url)


def parse_pdm(content: bytes, path: str) -> Lock:
    """Read ``pdm.lock``, lock versions 3 and 4."""
    text = decode(content, path)
    root = read_tables(text, path)
    shape, lines = Shape(path), Lines(text)
    metadata = shape.table(root.get("metadata"), "metadata")
    version = shape.version(metadata.get("lock_version"), r"[34](\.[0-9]{1,2}){0,2}")
    apart = shape.table(metadata.get("files"), "metadata.files")
    packages = tuple(_pdm_package(entry, apart, shape, lines) for entry in shape.tables(root.get("package"), "package"))
    digest = shape.word(metadata.get("content_hash"), "metadata.content_hash").removeprefix("sha256:")
    return Lock(path, "pdm.lock", Ecosystem.PYPI, version, packages, manifest_digest=digest)


def _pdm_package(entry: dict[str, Any], apart: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    name = _name(entry, shape)
    version = shape.word(entry.get("version"), f"{name}: version")
    line = _head(lines, name)
    if "git" in entry:
        place = PackageSource("git", shape.word(entry["git"], "git"), shape.word(entry.get("revision"), "revision"))
    elif "path" in entry:
        place = source("path", shape.word(entry["path"], "path"))
    elif "url" in entry:
        place = PackageSource("url", shape.word(entry["url"], "url"))
    else:
        place = source("registry")
    listed = [*shape.tables(entry.get("files"), "files"), *shape.tables(apart.get(f"{name} {version}"), "metadata.files")]
    files = [_file(one, place, shape, lines) for one in listed]
    wanted = entry.get("dependencies")
    requires = [_requirement_name(word) for word in shape.words(wanted, "dependencies")] if isinstance(wanted, list) else []
    groups = shape.words(entry.get("groups"), "groups")
    return Package(
        Ecosystem.PYPI,
        pypi_name(name),
        version,
        Location(shape.path, line),
        place,
        tuple(files),
        install_code=_builds(files),
        development=bool(groups) and "default" not in groups,
        requires=tuple(requires),
    )


def parse_pipfile(content: bytes, path: str) -> Lock:
    """Read ``Pipfile.lock``, pipfile-spec 6; every other top-level key is a category of packages."""
    text = decode(content, path)
    root = read_json(text, path)
    shape, lines = Shape(path), Lines(text)
    metadata = shape.table(root.get("_meta"), "_meta")
    version = shape.version(metadata.get("pipfile-spec"), "6")
    indexes = {
        shape.word(one.get("name"), "name"): shape.word(one.get("url"), "url") for one in shape.tables(metadata.get("sources"), "sources")
    }
    packages = []
    for category, table in root.items():
        if category == "_meta":
            continue
        for name, value in shape.table(table, category).items():
            line = lines.find(f"{json.dumps(name, ensure_ascii=False)}: {{", f'"{name}"')
            packages.append(_pipfile_package(name, shape.table(value, name), indexes, shape, line, development=category == "develop"))
    digest = shape.word(shape.table(metadata.get("hash"), "hash").get("sha256"), "_meta.hash")
    return Lock(path, "Pipfile.lock", Ecosystem.PYPI, version, tuple(packages), manifest_digest=digest)


def _pipfile_package(name: str, entry: dict[str, Any], indexes: dict[str, str], shape: Shape, line: int, *, development: bool) -> Package:
    if "git" in entry:
        place = PackageSource("git", shape.word(entry["git"], "git"), shape.word(entry.get("ref"), "ref"))
    elif "path" in entry:
        place = source("path", shape.word(entry["path"], "path"))
    elif "file" in entry:
        file = shape.word(entry["file"], "file")
        place = PackageSource("url", file) if "://" in file else source("path", file)
    else:
        place = source("registry", indexes.get(shape.word(entry.get("index"), "index"), ""))
    hashes = [colon_checksum(text) for text in shape.words(entry.get("hashes"), "hashes")]
    files = tuple(Distribution(url=place.location if place.kind == "url" else "", checksums=(one,), line=line) for one in hashes)
    version = shape.word(entry.get("version"), f"{name}: version").removeprefix("==").removeprefix("=")
    return Package(Ecosystem.PYPI, pypi_name(name), version, Location(shape.path, line), place, files, development=development)


def parse_pylock(content: bytes, path: str) -> Lock:
    """Read ``pylock.toml`` (PEP 751)."""
    text = decode(content, path)
    root = read_tables(text, path)
    shape, lines = Shape(path), Lines(text)
    version = shape.version(root.get("lock-version"), r"1\.[0-9]{1,2}")
    packages = tuple(_pylock_package(entry, shape, lines) for entry in shape.tables(root.get("packages"), "packages"))
    return Lock(path, "pylock.toml", Ecosystem.PYPI, version, packages)


def _pylock_package(entry: dict[str, Any], shape: Shape, lines: Lines) -> Package:
    name = _name(entry, shape)
    line = lines.find(f'name = "{name}"', f"name = '{name}'")
    vcs, folder, archive = (shape.table(entry.get(key), key) for key in ("vcs", "directory", "archive"))
    if vcs:
        where = shape.word(vcs.get("url"), "url") or shape.word(vcs.get("path"), "path")
        place = PackageSource("git", where, shape.word(vcs.get("commit-id"), "commit-id"))
    elif folder:
        where = shape.word(folder.get("path"), "path")
        place = source("root" if where in (".", "./") else "path", where)
    elif archive:
        url = shape.word(archive.get("url"), "url")
        place = PackageSource("url", url) if url else source("path", shape.word(archive.get("path"), "path"))
    else:
        place = source("registry", shape.word(entry.get("index"), "index"))
    listed = [archive] if archive else []
    if "sdist" in entry:
        listed.append(shape.table(entry["sdist"], "sdist"))
    listed += shape.tables(entry.get("wheels"), "wheels")
    files = [_pylock_file(one, shape, lines) for one in listed]
    requires = tuple(pypi_name(shape.word(one.get("name"), "name")) for one in shape.tables(entry.get("dependencies"), "dependencies"))
    version = shape.word(entry.get("version"), f"{name}: version")
    return Package(
        Ecosystem.PYPI,
        pypi_name(name),
        version,
        Location(shape.path, line),
        place,
        tuple(files),
        install_code=_builds(files),
        requires=requires,
    )


def _pylock_file(entry: dict[str, Any], shape: Shape, lines: Lines) -> Distribution:
    url, local = shape.word(entry.get("url"), "url"), shape.word(entry.get("path"), "path")
    name = shape.word(entry.get("name"), "name") or (url.partition("#")[0] or local).rpartition("/")[2]
    hashes = tuple(
        Checksum(algorithm.lower(), shape.word(value, "hashes")) for algorithm, value in shape.table(entry.get("hashes"), "hashes").items()
    )
    line = lines.find(url or local or name)
    return Distribution(name, url, hashes, shape.size(entry.get("size")), shape.moment(entry.get("upload-time")), line)


# --- shared


def _name(entry: dict[str, Any], shape: Shape) -> str:
    name = shape.word(entry.get("name"), "name")
    if not name:
        raise UsageError(f"{shape.path}: a package without a name")
    return name


def _head(lines: Lines, name: str) -> int:
    return lines.find(f'[[package]]\nname = "{name}"', f'[[package]]\r\nname = "{name}"', f'name = "{name}"')


def _file(entry: dict[str, Any], place: PackageSource, shape: Shape, lines: Lines) -> Distribution:
    """Read ``{file = NAME, hash = "sha256:..."}``; pdm may name a ``url`` instead."""
    url, name = shape.word(entry.get("url"), "url"), shape.word(entry.get("file"), "file")
    text = shape.word(entry.get("hash"), "hash")
    line = lines.find(f'"{url or name}"')
    where = url or (place.location if place.kind == "url" else "")
    return Distribution(name or url.partition("#")[0].rpartition("/")[2], where, (colon_checksum(text),) if text else (), line=line)


def _builds(files: list[Distribution]) -> bool | None:
    """Tell whether only source archives are there, which run code of the package when they are built; None without names."""
    names = [file.name for file in files if file.name]
    return not any(name.endswith(".whl") for name in names) if names else None


def _requirement_name(text: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
    return pypi_name(found[0]) if found else ""
