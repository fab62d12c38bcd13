# SPDX-License-Identifier: Apache-2.0
"""Which files belong together: locks with their manifests, and locks with what they were as of the merge target."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest import formats, manifests
from pipeline_guard.gate.manifest.project import LockChange, Manifest, Project
from pipeline_guard.model.package import Ecosystem, Lock
from pipeline_guard.model.verdict import Unchecked

# Formats whose direct dependencies stand in a manifest that can be read: only there can "no manifest changed" be told.
_PAIRED = (
    "package-lock.json",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "Cargo.lock",
    "composer.lock",
    "yarn.lock",
    "pnpm-lock.yaml",
)


def is_kept(path: str) -> bool:
    """Tell whether a file may belong to a lock, so that its text is needed although it did not change."""
    return manifests.is_manifest(path) or formats.by_name(path) is not None


def projects(found: Mapping[str, Lock], texts: Mapping[str, bytes], changed: frozenset[str] | None) -> Iterator[Project | Unchecked]:
    """Give every lock that the change touches, or whose manifest it touches, with its manifests and the locks beside it."""
    touched_folders = None if changed is None else {posixpath.dirname(path) for path in changed if is_kept(path)}
    locks = dict(found)
    for path, content in texts.items():
        if path in locks or touched_folders is None or posixpath.dirname(path) not in touched_folders:
            continue
        lock = _quietly(path, content)
        if lock is not None:
            locks[path] = lock
    by_folder: dict[str, list[str]] = {}
    for path in texts:
        if manifests.is_manifest(path):
            by_folder.setdefault(posixpath.dirname(path), []).append(path)
    jvm = tuple(lock for lock in locks.values() if lock.ecosystem is Ecosystem.MAVEN)
    cache: dict[str, Manifest | Unchecked] = {}
    for path, lock in sorted(locks.items()):
        folder = posixpath.dirname(path)
        members = dict.fromkeys([folder, *(posixpath.normpath(posixpath.join(folder, place)) for place, _, _ in lock.asked)])
        near: list[Manifest] = []
        for place in members:
            for name in by_folder.get("" if place == "." else place, ()):
                manifest = cache.setdefault(name, _manifest(name, texts[name])) if name not in cache else cache[name]
                if isinstance(manifest, Manifest):
                    if manifest.ecosystem is lock.ecosystem:
                        near.append(manifest)
                elif place == folder:
                    yield manifest
        beside = (
            jvm
            if lock.ecosystem is Ecosystem.MAVEN
            else tuple(one for at, one in locks.items() if posixpath.dirname(at) == folder and at != path)
        )
        yield Project(path, lock, tuple(near), beside)


def _manifest(path: str, content: bytes) -> Manifest | Unchecked:
    try:
        return manifests.parse(content, path)
    except UsageError as error:
        return Unchecked(path, error.what)


def _quietly(path: str, content: bytes) -> Lock | None:
    """Read a lock that did not change; where that fails, the change is not to blame."""
    kind = formats.by_name(path)
    try:
        return kind.parse(content, path) if kind else None
    except UsageError:
        return None


def changes(
    found: Iterable[Lock],
    changed: frozenset[str],
    show: Callable[[str], bytes | None],
    read: Callable[[str, bytes], Lock | None],
    now: datetime,
) -> Iterator[LockChange | Unchecked]:
    """Give every lock of the change with what it, and the other locks that the change touches, were as of the merge target.

    ``show`` gives a file as of the merge target, ``read`` makes a lock of it (None for a file that is none) and may raise UsageError.
    """
    former: dict[str, Lock] = {}
    lost: dict[str, Unchecked] = {}
    after = {lock.path: lock for lock in found}
    for path in sorted(changed):
        if path not in after and formats.by_name(path) is None:
            continue
        content = show(path)
        try:
            lock = read(path, content) if content is not None else None
        except UsageError as error:
            lost[path] = Unchecked(path, f"as of the merge target: {error.what}")
            continue
        if lock is not None:
            former[path] = lock
    for path, lock in after.items():
        if path in lost:
            yield lost[path]
        others = tuple(other for at, other in former.items() if at != path and other.ecosystem is lock.ecosystem)
        asked = lock.format not in _PAIRED or any(manifests.is_manifest(name) for name in changed)
        yield LockChange(path, lock, former.get(path), others, asked, now)
