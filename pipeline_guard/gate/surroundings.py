# SPDX-License-Identifier: Apache-2.0
"""What the manifests of a repository say around one lock, read only when the lock has something to account for."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from functools import cache

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest import manifests, redirects
from pipeline_guard.gate.manifest.belonging import Surroundings
from pipeline_guard.gate.manifest.reading import decode, read_json
from pipeline_guard.gate.manifest.redirect import Redirect
from pipeline_guard.model.package import Ecosystem, Lock

# The manifest that must lie beside a lock of this format; without it nobody can say what the lock is made from.
_OWN = {
    "uv.lock": "pyproject.toml",
    "poetry.lock": "pyproject.toml",
    "pdm.lock": "pyproject.toml",
    "Pipfile.lock": "pipfile",
    "Cargo.lock": "cargo.toml",
    "Gemfile.lock": "gemfile",
    "mix.lock": "mix.exs",
    "pubspec.lock": "pubspec.yaml",
    "Podfile.lock": "podfile",
    "yarn.lock": "package.json",
    "package-lock.json": "package.json",
    "composer.lock": "composer.json",
}


def surroundings(lock: Lock, folder: str, texts: Mapping[str, bytes]) -> Surroundings | None:
    """Return what is around a lock in ``folder``; None where its own manifest is not there or cannot be read completely."""
    own = next((path for path in texts if posixpath.dirname(path) == folder and _is(path, _OWN.get(lock.format, ""))), None)
    if own is None or (lock.ecosystem is Ecosystem.RUBYGEMS and not _is_plain(texts[own], own)):
        return None
    near = cache(lambda: [(path, texts[path]) for path in texts if _speaks(path, lock.ecosystem)])
    return Surroundings(
        cache(lambda: [one for path, content in near() for one in _redirects(path, content)]),
        lambda: _names(lock, dict(near()), own),
        lambda: (content.decode("utf-8", "replace").lower() for _, content in near()),
        lambda: _overrides(texts[own], own),
    )


def _is(path: str, name: str) -> bool:
    return bool(name) and posixpath.basename(path).lower() == name


def _speaks(path: str, ecosystem: Ecosystem) -> bool:
    reader = redirects.reader_of(path)
    return reader is not None and reader.ecosystem is ecosystem


def _is_plain(content: bytes, path: str) -> bool:
    try:
        return manifests.parse(content, path).complete
    except UsageError:
        return False


def _redirects(path: str, content: bytes) -> Iterator[Redirect]:
    reader = redirects.reader_of(path)
    try:
        yield from reader.read(content, path) if reader else ()
    except UsageError:
        return  # it is reported where it belongs to a lock, or changed


def _names(lock: Lock, near: Mapping[str, bytes], own: str) -> frozenset[str] | None:
    """Return every name that a manifest asks for; None where the lock's own cannot be read."""
    found: set[str] = set()
    for path, content in near.items():
        try:
            if manifests.is_manifest(path):
                manifest = manifests.parse(content, path)
                found.update(one.name for one in manifest.asked)
                if path == own and lock.ecosystem is Ecosystem.PYPI and not manifest.complete:
                    return None
        except UsageError:
            if path == own:
                return None
        found.update(one.name for one in _redirects(path, content))
    return frozenset(found)


def _overrides(content: bytes, path: str) -> dict[str, str]:
    """Return the plain overrides of a ``package.json``."""
    if not _is(path, "package.json"):
        return {}
    try:
        root = read_json(decode(content, path), path)
    except UsageError:
        return {}
    tables = [root.get(key) for key in ("overrides", "resolutions")]
    return {key: value for table in tables if isinstance(table, dict) for key, value in table.items() if isinstance(value, str)}
