# SPDX-License-Identifier: Apache-2.0
"""``conda-lock.yml`` (version 1) and ``pixi.lock`` (versions 4 to 6) as facts: URL, MD5 and SHA-256 a package, conda and PyPI mixed.

Sources: conda-lock's ``lockfile/v1/models.py``; rattler's ``rattler_lock`` crate.
"""

from __future__ import annotations

from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import colon_checksum, pypi_name, source
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_yaml
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock, Package, PackageSource

_SUFFIXES = (".conda", ".tar.bz2")


def parse_conda_lock(content: bytes, path: str) -> Lock:
    """Read ``conda-lock.yml``."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    version = shape.version(root.get("version"), "1")
    packages = []
    for entry in shape.tables(root.get("package"), "package"):
        name, url = shape.word(entry.get("name"), "name"), shape.word(entry.get("url"), "url")
        line = lines.find(url or f"name: {name}")
        hashes = shape.table(entry.get("hash"), f"{name}: hash")
        sums = tuple(Checksum(key.lower(), shape.word(value, key)) for key, value in hashes.items() if value is not None)
        conda = shape.word(entry.get("manager"), "manager") != "pip"
        packages.append(_package(name, shape.word(entry.get("version"), name), url, sums, Location(path, line), conda=conda))
    return Lock(path, "conda-lock.yml", Ecosystem.CONDA, version, tuple(packages))


def parse_pixi(content: bytes, path: str) -> Lock:
    """Read ``pixi.lock``."""
    text = decode(content, path)
    shape, lines = Shape(path), Lines(text)
    (root,) = read_yaml(text, path) or [{}]
    version = shape.version(root.get("version"), "[456]")
    packages = []
    for entry in shape.tables(root.get("packages"), "packages"):
        kind = shape.word(entry.get("kind"), "kind") or ("conda" if "conda" in entry else "pypi")
        url = shape.word(entry.get("conda") or entry.get("pypi") or entry.get("url") or entry.get("path"), "url")
        line = lines.find(url)
        conda = kind == "conda"
        name, version_ = shape.word(entry.get("name"), "name"), shape.word(entry.get("version"), "version")
        if conda and not name:
            name, version_ = _conda_name(url)
        sums = tuple(Checksum(key, shape.word(entry[key], key)) for key in ("sha256", "md5") if entry.get(key))
        packages.append(_package(name, version_, url, sums, Location(path, line), conda=conda))
    return Lock(path, "pixi.lock", Ecosystem.CONDA, version, tuple(packages))


def parse_explicit(content: bytes, path: str) -> Lock:
    """Read an explicit conda lock: ``@EXPLICIT``, then URLs with ``#MD5`` or ``#sha256:...``."""
    packages = []
    for number, line in enumerate(decode(content, path).split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "@")):
            continue
        url, _, text = line.partition("#")
        if "://" not in url:
            raise UsageError(f"{path}:{number}: not an address")
        sums = ((colon_checksum(text) if ":" in text else Checksum("md5", text)),) if text else ()
        name, version = _conda_name(url)
        packages.append(_package(name, version, url, sums, Location(path, number), conda=True))
    return Lock(path, "conda explicit", Ecosystem.CONDA, "", tuple(packages))


def _package(name: str, version: str, url: str, sums: tuple[Checksum, ...], place: Location, *, conda: bool) -> Package:
    ecosystem = Ecosystem.CONDA if conda else Ecosystem.PYPI
    bare = url.partition("#")[0]
    where = source("registry")
    files: tuple[Distribution, ...] = (Distribution(bare.rpartition("/")[2], url, sums, line=place.line),)
    if not conda and url.startswith("git+"):
        location, _, revision = url.partition("#")
        head, at, ref = location.rpartition("@")
        where, files = PackageSource("git", head if at else location, revision or ref), ()
    elif "://" not in url:
        where, files = source("path", url), ()
    elif conda and not bare.endswith(_SUFFIXES):
        where = PackageSource("url", url)
    return Package(ecosystem, name.lower() if conda else pypi_name(name), version, place, where, files)


def _conda_name(url: str) -> tuple[str, str]:
    """Divide ``name-version-build.conda``."""
    file: Any = url.partition("#")[0].rpartition("/")[2]
    for suffix in _SUFFIXES:
        file = file.removesuffix(suffix)
    parts = file.rsplit("-", 2)
    return (parts[0], parts[1]) if len(parts) == 3 else (file, "")
