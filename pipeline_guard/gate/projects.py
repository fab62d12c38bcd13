# SPDX-License-Identifier: Apache-2.0
"""Which files belong together: locks with their manifests, and locks with what they were as of the merge target."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import carried
from pipeline_guard.gate.manifest import answers, belonging, formats, installed, manifests, redirects, settled
from pipeline_guard.gate.manifest.project import LockChange, LostLock, Manifest, Project
from pipeline_guard.gate.surroundings import Said
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


_MAX_LINKS = 20  # that lead to each other
# Formats whose manifests are programs, or are read in part: that none of them changed can be told by name all the same.
_BUILT = ("gradle.lockfile", "packages.lock.json", "mix.lock", "pubspec.lock", ".terraform.lock.hcl", "Package.resolved", "Chart.lock")
_BUILD = re.compile(
    r"(?:.*/)?(?:[^/]*\.(?:gradle|gradle\.kts|toml|csproj|fsproj|vbproj|props|targets|tf|tofu)|mix\.exs|package\.swift|chart\.yaml"
    r"|gradle\.properties|pom\.xml|global\.json)|(?:.*/)?buildsrc/.*"
)
_NPM = ("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock")
_PYTHON = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")
_FAMILIES = {name: family for family in (_NPM, _PYTHON) for name in family}
_SPELT = ("Cargo.lock", "Gemfile.lock", "Pipfile.lock", "Chart.lock", "Package.resolved", "Podfile.lock")
_MANIFESTS = (
    dict.fromkeys(_NPM, ("package.json", "deno.json", "deno.jsonc"))
    | dict.fromkeys(_PYTHON, ("pyproject.toml", "pipfile"))
    | {
        "Cargo.lock": ("cargo.toml",),
        "Gemfile.lock": ("gemfile",),
        "composer.lock": ("composer.json",),
        "go.sum": ("go.mod",),
        "pubspec.lock": ("pubspec.yaml",),
        "mix.lock": ("mix.exs",),
        "Package.resolved": ("package.swift",),
        "Chart.lock": ("chart.yaml",),
        "flake.lock": ("flake.nix",),
        ".terraform.lock.hcl": ("main.tf", "versions.tf", "providers.tf", "terraform.tf"),
        "gradle.lockfile": ("build.gradle", "build.gradle.kts"),
        "pixi.lock": ("pixi.toml", "pyproject.toml"),
        "conda-lock.yml": ("environment.yml", "environment.yaml"),
    }
)


def is_kept(path: str) -> bool:
    """Tell whether a file may belong to a lock, so that its text is needed although it did not change."""
    if manifests.is_manifest(path) or formats.by_name(path) is not None or carried.is_list(path):
        return True
    return answers.is_one(posixpath.basename(path).lower()) or settled.is_one(path) or redirects.reader_of(path) is not None


def projects(found: Mapping[str, Lock], texts: Mapping[str, bytes], changed: frozenset[str] | None) -> Iterator[Project | Unchecked]:
    """Give every lock that the change touches, or whose manifest it touches, with its manifests and the locks beside it."""
    touched_folders = None if changed is None else {folder for path in changed if is_kept(path) for folder in _above(path)}
    locks = dict(found)
    for path, content in texts.items():
        if path in locks or touched_folders is None or posixpath.dirname(path) not in touched_folders:
            continue
        lock = _quietly(path, content)
        if lock is not None:
            locks[path] = lock
    by_folder: dict[str, list[str]] = {}
    for path in texts:
        by_folder.setdefault(posixpath.dirname(path), []).append(path)
    said = Said(texts)
    jvm = tuple(lock for lock in locks.values() if lock.ecosystem is Ecosystem.MAVEN)
    cache: dict[str, Manifest | Unchecked] = {}
    for path, lock in sorted(locks.items()):
        folder = posixpath.dirname(path)
        places = (posixpath.normpath(posixpath.join(folder, place)) for place, _, _ in lock.asked)
        members = dict.fromkeys([folder, *("" if place == "." else place for place in places)])
        near: list[Manifest] = []
        for place in members:
            for name in filter(manifests.is_manifest, by_folder.get(place, ())):
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
        try:
            around = said.around(lock, by_folder.get(folder, ()))
            found_apart = (
                *answers.differences(lock, _near(folder, texts, by_folder)),
                *(belonging.unaccounted(lock, around) if around else ()),
                *settled.differences(lock, texts),
                *installed.differences(lock, texts),
            )
        except UsageError as error:
            yield Unchecked(path, error.what)
            continue
        yield Project(path, lock, tuple(near), beside, found_apart)


def led_out(locks: Iterable[Lock], links: Mapping[str, str]) -> Iterator[Unchecked]:
    """Give locks with a package in a folder of the repository that is, or lies below, a symbolic link out of it.

    ``links`` are the links of the tree: path to where each points.
    """
    for lock in locks if links else ():
        for package in lock.packages:
            if package.source.kind not in ("path", "link") or not package.source.location:
                continue
            place = posixpath.normpath(posixpath.join(posixpath.dirname(lock.path), package.source.location))
            through = ""
            for _ in range(_MAX_LINKS):
                link = next((at for at in _above(f"{place}/x") if at in links), "")
                if not link:
                    break
                through = link
                place = posixpath.normpath(posixpath.join(posixpath.dirname(link), links[link], posixpath.relpath(place, link)))
            if through and f"{place}/".startswith(("../", "/")):
                why = f"{package.name} lies behind {through}, a symbolic link out of the repository to {links[through]}"
                yield Unchecked(lock.path, why[:200])


def _above(path: str) -> list[str]:
    """Return the folder of a file and every one above: a lock may stand for manifests below its own folder."""
    found = [posixpath.dirname(path)]
    while found[-1].strip("/"):
        found.append(posixpath.dirname(found[-1]))
    return found


def _near(folder: str, texts: Mapping[str, bytes], by_folder: Mapping[str, list[str]]) -> dict[str, bytes]:
    """Return the manifests in a folder, and NuGet's central versions in it and above."""
    found = {path: texts[path] for path in by_folder.get(folder, ()) if answers.is_one(posixpath.basename(path).lower())}
    for above in _above(f"{folder}/x"):
        central = (path for path in by_folder.get(above, ()) if posixpath.basename(path).lower() == "directory.packages.props")
        found |= {path: texts[path] for path in central}
    return found


def lost(
    changed: Iterable[str], known: Collection[str], show: Callable[[str], bytes | None], read: Callable[[str, bytes], Lock | None]
) -> Iterator[LostLock]:
    """Give every lock that the change removes while a manifest beside it stays and no other lock of its ecosystem takes its place.

    ``known`` are the paths that are there now; ``show`` and ``read`` are as for ``changes``.
    """
    for path in sorted(set(changed) - set(known)):
        kind = formats.by_name(path)
        if kind is None or kind.name in ("go.mod", "pom.xml"):
            continue
        folder = posixpath.dirname(path)
        beside = [name for name in known if posixpath.dirname(name) == folder]
        try:
            lock = read(path, show(path) or b"")
        except UsageError:
            lock = None  # what could not be read before is gone all the same
        family = _FAMILIES.get(kind.name, (kind.name,))
        if any((other := formats.by_name(name)) is not None and other.name in family for name in beside if _is_found(name)):
            continue
        wanted = _MANIFESTS.get(kind.name, ())
        manifest = next((name for name in sorted(beside) if posixpath.basename(name).lower() in wanted), "")
        if not manifest and kind.name == "verification-metadata.xml":
            above = posixpath.dirname(folder)
            manifest = next((name for name in sorted(known) if posixpath.dirname(name) == above and ".gradle" in name), "")
        if manifest and (lock is None or lock.packages):
            yield LostLock(path, manifest)


def _is_found(name: str) -> bool:
    """Tell whether tools find a lock as it is spelt: they do not look for other cases."""
    base = posixpath.basename(name)
    return base in _SPELT or base.lower() == base


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
        asked = any(manifests.is_manifest(name) or _BUILD.fullmatch(name.lower()) for name in changed)
        asked = asked or not (lock.format in _PAIRED or lock.format in _BUILT)
        yield LockChange(path, lock, former.get(path), others, asked, now)
