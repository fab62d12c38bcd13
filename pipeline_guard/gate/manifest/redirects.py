# SPDX-License-Identifier: Apache-2.0
"""Which manifests tell where packages come from, by name, and a change of one beside what was there before."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest import redirect_code, redirect_tables
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.manifest.redirect import Redirect
from pipeline_guard.model.package import Ecosystem
from pipeline_guard.model.verdict import Unchecked


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of manifest: the pattern of its base names in lower case, whose packages it names, and what reads it."""

    names: re.Pattern[str]
    ecosystem: Ecosystem
    read: Callable[[bytes, str], Iterator[Redirect]]


READERS = tuple(
    Reader(re.compile(names), ecosystem, read)
    for names, ecosystem, read in (
        (r"package\.json", Ecosystem.NPM, redirect_tables.package_json),
        (r"pnpm-workspace\.ya?ml", Ecosystem.NPM, redirect_tables.pnpm_workspace),
        (r"pyproject\.toml", Ecosystem.PYPI, redirect_tables.pyproject),
        (r"pipfile", Ecosystem.PYPI, redirect_tables.pipfile),
        (r"(.*requirements.*|constraints.*)\.(txt|in|pip)", Ecosystem.PYPI, redirect_code.pip),
        (r"cargo\.toml", Ecosystem.CRATES, redirect_tables.cargo),
        (r"composer\.json", Ecosystem.PACKAGIST, redirect_tables.composer),
        (r"pubspec(_overrides)?\.yaml", Ecosystem.PUB, redirect_tables.pubspec),
        (r"(chart|requirements)\.yaml", Ecosystem.HELM, redirect_tables.chart),
        (r"deno\.jsonc?|import[_-]?map\.json|importmap\.json", Ecosystem.DENO, redirect_tables.deno),
        (r"environment.*\.ya?ml|pixi\.toml", Ecosystem.CONDA, redirect_tables.channels),
        (r"go\.(mod|work)", Ecosystem.GO, redirect_code.go),
        (r"gemfile|gems\.rb", Ecosystem.RUBYGEMS, redirect_code.gemfile),
        (r"mix\.exs", Ecosystem.HEX, redirect_code.mix),
        (r"package(@swift-.*)?\.swift", Ecosystem.SWIFT, redirect_code.swift),
        (r"flake\.nix", Ecosystem.NIX, redirect_code.flake),
        (r".+\.(tf|tofu)", Ecosystem.TERRAFORM, redirect_code.terraform),
        (r"podfile", Ecosystem.COCOAPODS, redirect_code.podfile),
    )
)
# Files of these names are often something else altogether: what cannot be read is none.
_AMBIGUOUS = (Ecosystem.CONDA, Ecosystem.HELM)


@dataclass(frozen=True, slots=True)
class RedirectChange:
    """A manifest of the change and what manifests of its kind said before.

    ``trusted`` are places (name, place) that some manifest of the merge target names already, ``known`` names that it, or a lock, had.
    """

    path: str
    after: tuple[Redirect, ...]
    trusted: frozenset[tuple[str, str]] = frozenset()
    known: frozenset[str] = frozenset()


def reader_of(path: str) -> Reader | None:
    """Return how a file is read, None for one that tells no places."""
    folder, name = posixpath.split(path.lower())
    if name in ("config", "config.toml") and posixpath.basename(folder) == ".cargo":
        return Reader(re.compile("config"), Ecosystem.CRATES, redirect_tables.cargo)
    return next((reader for reader in READERS if reader.names.fullmatch(name)), None)


def changes(
    texts: Mapping[str, bytes], changed: frozenset[str], show: Callable[[str], bytes | None], locks: Iterable[LockChange]
) -> Iterator[RedirectChange | Unchecked]:
    """Give every manifest that the change touches; ``texts`` are all manifests now, ``show`` gives a file as of the merge target."""
    touched = [(path, reader) for path in sorted(changed) if (reader := reader_of(path)) is not None]
    if not touched:
        return
    before = {path: _quietly(reader, show(path), path) for path, reader in touched}
    pinned: dict[Ecosystem, set[str]] = {}
    for change in locks:
        for lock in change.former():
            for package in lock.packages:
                if package.source.kind not in ("root", "path", "link"):
                    pinned.setdefault(package.ecosystem, set()).add(package.alias or package.name)
    elsewhere: dict[Ecosystem, set[tuple[str, str]]] = {}
    for path, reader in touched:
        content = texts.get(path)
        if content is None:
            continue
        try:
            after = tuple(reader.read(content, path))
        except UsageError as error:
            if reader.ecosystem not in _AMBIGUOUS:
                yield Unchecked(path, error.what)
            continue
        same = [one for at, kind in touched if kind.ecosystem is reader.ecosystem for one in before[at]]
        trusted = {(one.name, one.place) for one in same}
        if any(one.place and (one.name, one.place) not in trusted for one in after):
            if reader.ecosystem not in elsewhere:
                elsewhere[reader.ecosystem] = set(_others(reader.ecosystem, texts, changed))
            trusted |= elsewhere[reader.ecosystem]
        known = {one.name for one in same} | pinned.get(reader.ecosystem, set())
        yield RedirectChange(path, after, frozenset(trusted), frozenset(known))


def _others(ecosystem: Ecosystem, texts: Mapping[str, bytes], changed: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Give the places of manifests that the change does not touch."""
    for path, content in texts.items():
        reader = reader_of(path)
        if path not in changed and reader is not None and reader.ecosystem is ecosystem:
            yield from ((one.name, one.place) for one in _quietly(reader, content, path))


def _quietly(reader: Reader, content: bytes | None, path: str) -> tuple[Redirect, ...]:
    """Read a manifest of the merge target; where that fails, it vouches for nothing."""
    try:
        return tuple(reader.read(content, path)) if content is not None else ()
    except UsageError:
        return ()
