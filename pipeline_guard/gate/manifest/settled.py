# SPDX-License-Identifier: Apache-2.0
"""What manifests settle for a whole project, beside what the locks of uv, pnpm and Bun repeat of it: overrides, constraints, patches.

So are requests of pnpm and Bun that the lock alone has. A lock that was edited by hand keeps its sound packages and says that something
else was settled, or nothing: the next update then brings in what the manifest rules out. Sources: uv's "Resolution" page and its
``[manifest]`` table; pnpm's "overrides" and "patchedDependencies" settings and its ``crypto.hash`` (patches hashed with line ends of
Unix); Bun's "Overrides" and "bun patch".
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.naming import pypi_name
from pipeline_guard.gate.manifest.reading import Shape, decode, read_json, read_toml, read_yaml
from pipeline_guard.model.package import Lock

Found = Iterator[tuple[str, str, int, str]]
Texts = Mapping[str, bytes]
_WORD = {"override": "overridden", "constraint": "constrained", "patch": "patched", "request": "asked for"}
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]{0,1000}\])?\s*([^;]{0,1000})")
_PLAIN = re.compile(r"(?:@[^/@>*]+/)?[^/@>*]+(?:@[^>*]+)?")  # one package, perhaps some of its versions; no path of packages
_HOOKS = (".pnpmfile.cjs", ".pnpmfile.mjs")  # programs that may settle more than any file says
_BESIDE = ("pnpm-workspace.yaml", "uv.toml", *_HOOKS)
_PATCHES = re.compile(r"(?:.*/)?(?:\.yarn/)?patches/(?:[^/]+/)?[^/]+\.patch")


def is_one(path: str) -> bool:
    """Tell whether a file may settle something and is no manifest of its own."""
    return posixpath.basename(path) in _BESIDE or _PATCHES.fullmatch(path) is not None


def differences(lock: Lock, texts: Texts) -> Found:
    """Give (path, name, line, what) of everything that a lock says was settled and its manifest does not, and the other way round.

    ``texts`` are files of the repository. Raises UsageError for a manifest that cannot be read.
    """
    read = _READERS.get(lock.format)
    folder = posixpath.dirname(lock.path)
    said = read(lock, folder, texts) if read else None
    if said is None:
        return
    locked: dict[tuple[str, str], str] = {(kind, name): value for kind, name, value in lock.settled}
    if lock.format != "uv.lock":
        locked |= {("request", name): "" for place, name, _ in lock.asked if not place}
    for (kind, name), value in said.items():
        if (kind, name) not in locked:
            yield lock.path, name, 1, f"is {_WORD[kind]} by the manifest, and not in the lock"
        elif value and locked[kind, name] and not _agree(kind, value, locked[kind, name]):
            yield lock.path, name, 1, f"is {_WORD[kind]} otherwise in the lock than in the manifest"
    for kind, name in locked.keys() - said.keys():
        yield lock.path, name, 1, f"is {_WORD[kind]} in the lock, and by no manifest"
    yield from _patches(lock, folder, said, texts)
    if lock.format == "uv.lock":
        yield from _elsewhere(lock, posixpath.join(folder, "pyproject.toml"), texts)


def _agree(kind: str, said: str, locked: str) -> bool:
    if kind == "patch":
        return posixpath.normpath(said) == posixpath.normpath(locked.partition("\n")[0]) if locked.partition("\n")[0] else True
    return _clauses(said) == _clauses(locked)


def _clauses(text: str) -> set[str]:
    return {re.sub(r"\s+", "", clause) for clause in text.split(",") if clause.strip()}


def _patches(lock: Lock, folder: str, said: Mapping[tuple[str, str], str], texts: Texts) -> Found:
    """Give patches that lie outside of the repository, or whose bytes are not those that the lock was made with."""
    for kind, name, value in lock.settled:
        where, _, digest = value.partition("\n")
        where = where or said.get((kind, name), "")
        if kind != "patch" or not where:
            continue
        place = posixpath.normpath(posixpath.join(folder, where))
        if place.startswith(("../", "/")):
            yield lock.path, name, 1, f"is patched by {where[:80]}, outside the repository"
        elif place in texts and digest and digest not in _digests(texts[place]):
            yield place, name, 1, "is patched by another file than the lock was made with"


def _elsewhere(lock: Lock, own: str, texts: Texts) -> Found:
    """Give packages that the manifest takes from a repository, an address or a folder, and the lock from a registry."""
    root = read_toml(decode(texts[own], own), own)
    shape = Shape(own)
    tool = shape.table(shape.table(root.get("tool"), "tool").get("uv"), "tool.uv")
    asked = {name for place, name, _ in lock.asked if not place}
    for name, value in shape.table(tool.get("sources"), "sources").items():
        held = [one for one in lock.packages if one.name == pypi_name(name)]
        away = isinstance(value, dict) and any(key in value for key in ("git", "url", "path"))
        if away and pypi_name(name) in asked and held and all(one.source.kind == "registry" for one in held):
            yield lock.path, pypi_name(name), held[0].location.line, "comes from a registry, and is asked for from elsewhere"


def _digests(content: bytes) -> tuple[str, str]:
    """Return the digests of a patch as pnpm 10 and pnpm 9 write them."""
    content = content.replace(b"\r\n", b"\n")
    old = base64.b32encode(hashlib.md5(content, usedforsecurity=False).digest())
    return hashlib.sha256(content).hexdigest(), old.decode().lower().rstrip("=")


# --- manifests: (kind, name) to what is settled, "" where a text cannot tell; None where this lock is of another manifest


def _uv(_lock: Lock, folder: str, texts: Texts) -> dict[tuple[str, str], str] | None:
    own = posixpath.join(folder, "pyproject.toml")
    if own not in texts:
        return None
    tool = Shape(own).table(read_toml(decode(texts[own], own), own).get("tool"), "tool")
    table, where = Shape(own).table(tool.get("uv"), "tool.uv"), own
    other = posixpath.join(folder, "uv.toml")
    if other in texts:  # uv then reads nothing of tool.uv
        table, where = read_toml(decode(texts[other], other), other), other
    shape = Shape(where)
    found: dict[tuple[str, str], str] = {}
    for kind, key in (("override", "override-dependencies"), ("constraint", "constraint-dependencies")):
        for text in shape.words(table.get(key), key):
            match = _NAME.match(text)
            if match is None:
                raise UsageError(f"{where}: {key}: not a requirement: {text[:60]!r}")
            name, specifier = pypi_name(match[1]), match[2].strip().strip("()")
            several = (kind, name) in found or specifier.startswith("@")  # markers may divide one name
            found[kind, name] = "" if several else specifier
    return found


def _node(lock: Lock, folder: str, texts: Texts) -> dict[tuple[str, str], str] | None:
    own = posixpath.join(folder, "package.json")
    if own not in texts:
        return None
    root = read_json(decode(texts[own], own), own)
    shape = Shape(own)
    tables: list[tuple[str, Any]] = []
    if lock.format == "bun.lock":  # which reads resolutions only where there are no overrides
        tables += [("override", root.get("overrides") or root.get("resolutions")), ("patch", root.get("patchedDependencies"))]
    else:
        tables.append(("override", root.get("resolutions")))
        settings = shape.table(root.get("pnpm"), "pnpm")
        workspace = posixpath.join(folder, "pnpm-workspace.yaml")
        more: dict[str, Any] = {}
        if workspace in texts:
            (more, *_) = read_yaml(decode(texts[workspace], workspace), workspace) or [{}]
        programs = any(key in each for each in (settings, more) for key in ("configDependencies", "pnpmfile"))
        if programs or any(posixpath.join(folder, name) in texts for name in _HOOKS):
            return None
        for each in (settings, more):
            tables += [("override", each.get("overrides")), ("patch", each.get("patchedDependencies"))]
    found: dict[tuple[str, str], str] = {}
    for kind, table in tables:
        for name, value in shape.table(table, kind).items():
            # $name and catalog: stand for what is written elsewhere
            plain = isinstance(value, str) and not value.startswith(("$", "catalog:", "workspace:", "link:", "file:"))
            found[kind, name] = value if plain else ""
    groups = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
    asked = {name for group in groups for name in shape.table(root.get(group), group)}
    found |= {("request", name): "" for place, name, _ in lock.asked if not place and name in asked}
    if any(_is_path(key) for key in found):  # paths of packages are written in several ways
        found = {key: value for key, value in found.items() if not _is_path(key)}
        found |= {(kind, name): "" for kind, name, _ in lock.settled if _is_path((kind, name))}
    return found


def _is_path(key: tuple[str, str]) -> bool:
    return key[0] == "override" and not _PLAIN.fullmatch(key[1])


_READERS: dict[str, Callable[[Lock, str, Texts], dict[tuple[str, str], str] | None]] = {
    "uv.lock": _uv,
    "pnpm-lock.yaml": _node,
    "bun.lock": _node,
}
