# SPDX-License-Identifier: Apache-2.0
"""What the manifests of a repository say around one lock, read only when the lock has something to account for."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

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
    "bun.lock": "package.json",
    "composer.lock": "composer.json",
}


class Said:
    """What the manifests of a repository say; each is read once, however many locks ask."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts
        self._redirects: dict[Ecosystem, list[Redirect]] = {}
        self._paths: dict[Ecosystem, list[str]] | None = None

    def around(self, lock: Lock, beside: Iterable[str]) -> Surroundings | None:
        """Return what is around a lock; None where its own manifest is not ``beside`` it or cannot be read completely."""
        own = next((path for path in beside if _is(path, _OWN.get(lock.format, ""))), None)
        if own is None or (lock.ecosystem is Ecosystem.RUBYGEMS and not _is_plain(self._texts[own], own)):
            return None
        return Surroundings(
            lambda: self._places(lock.ecosystem),
            lambda: _names(lock, {path: self._texts[path] for path in self._near(lock.ecosystem)}, self._places(lock.ecosystem), own),
            lambda: (self._texts[path].decode("utf-8", "replace").lower() for path in self._near(lock.ecosystem)),
            lambda: _overrides(self._texts[own], own),
        )

    def _near(self, ecosystem: Ecosystem) -> list[str]:
        if self._paths is None:
            self._paths = {}
            for path in self._texts:
                reader = redirects.reader_of(path)
                if reader is not None:
                    self._paths.setdefault(reader.ecosystem, []).append(path)
        return self._paths.get(ecosystem, [])

    def _places(self, ecosystem: Ecosystem) -> list[Redirect]:
        if ecosystem not in self._redirects:
            found = [one for path in self._near(ecosystem) for one in _read(path, self._texts[path])]
            self._redirects[ecosystem] = found
        return self._redirects[ecosystem]


def _is(path: str, name: str) -> bool:
    return bool(name) and posixpath.basename(path).lower() == name


def _is_plain(content: bytes, path: str) -> bool:
    try:
        return manifests.parse(content, path).complete
    except UsageError:
        return False


def _read(path: str, content: bytes) -> Iterator[Redirect]:
    reader = redirects.reader_of(path)
    try:
        yield from reader.read(content, path) if reader else ()
    except UsageError:
        return  # it is reported where it belongs to a lock, or changed


def _names(lock: Lock, near: Mapping[str, bytes], places: Iterable[Redirect], own: str) -> frozenset[str] | None:
    """Return every name that a manifest asks for; None where the lock's own cannot be read."""
    found = {one.name for one in places}
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
