# SPDX-License-Identifier: Apache-2.0
"""Manifests of Helm, NuGet, Terraform, Mix, SwiftPM and Nix beside what their locks repeat of them: what does not agree.

Sources: Helm's ``resolver.HashReq`` (the digest is SHA-256 of both lists as Go writes JSON); NuGet's "Central Package Management" page and
``PackagesLockFile``; Terraform's "Dependency Lock File" page; Hex's ``Hex.SCM``; SwiftPM's package identities; Nix's "Lock files". Each
function gives (name, line, what is wrong) of one manifest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest import redirect, redirect_code
from pipeline_guard.gate.manifest.markup import Element, read_xml
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.reading import Lines, Shape, decode, read_yaml
from pipeline_guard.model.package import Lock

Found = Iterator[tuple[str, int, str]]
_NOT_THERE = "is not in the lock"
_OTHERWISE = "is asked for otherwise than the lock says"
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_NUMBER = re.compile(r"\d+(\.\d+)?|\d+e\d+|true|false|null|~|", re.IGNORECASE)  # what YAML may have read as no text
_DEPS = re.compile(r"^([ \t]*)defp?\s+deps(?:\([^()\n]*\))?\s+do\b", re.MULTILINE)
_DECIDES = re.compile(r"\bif\b|\bunless\b|\bcase\b|get_env|\+\+|\bfor\b|&&|\|\||Enum\.")
_MIX_NAME = re.compile(r"\{\s*:([a-z][A-Za-z0-9_]*)\s*,([^{}]{0,2000})\}")
_LITERAL = re.compile(r"\d+(?:\.\d+){1,3}(?:-[0-9A-Za-z.-]+)?")
_PROJECTS = (".csproj", ".fsproj", ".vbproj")


def helm(lock: Lock, content: bytes, path: str, _near: Mapping[str, bytes]) -> Found:
    """Compare ``Chart.yaml`` with ``Chart.lock``."""
    text = decode(content, path)
    (root, *_) = read_yaml(text, path) or [{}]
    shape, lines = Shape(path), Lines(text)
    entries = list(shape.tables(root.get("dependencies"), "dependencies"))
    locked = {name: tuple(specifier.split("\n")) for _, name, specifier in lock.asked}
    certain = True
    for entry in entries:
        name, version, where = (shape.word(entry.get(key), key) for key in ("name", "version", "repository"))
        line = lines.find(f"name: {name}", name)
        certain = certain and not _NUMBER.fullmatch(version) and "import-values" not in entry
        if name not in locked:
            yield name, line, _NOT_THERE
        elif locked[name][1].rstrip("/") != where.rstrip("/"):
            yield name, line, f"is locked from {locked[name][1][:100] or 'nowhere'}"
        elif satisfies(locked[name][0], version) is False and "-" not in locked[name][0]:
            yield name, line, f"{version} is locked at {locked[name][0][:40]}"
    for name in locked.keys() - {shape.word(entry.get("name"), "name") for entry in entries}:
        yield name, 1, "is locked, and not asked for"
    if certain and entries and lock.manifest_digest and lock.manifest_digest != _helm_digest(entries, lock):
        yield "the lock", 1, "was made from another list of dependencies"


def _helm_digest(entries: list[dict[str, Any]], lock: Lock) -> str:
    asked = []
    for entry in entries:
        row: dict[str, Any] = {"name": entry.get("name") or ""}
        for key in ("version", "repository", "condition", "tags", "enabled", "alias"):
            value = entry.get(key)
            if key == "enabled":
                value = True if value == "true" else None
            if value or key == "repository":
                row[key] = value or ""
        asked.append(row)
    locked = [
        dict(zip(("name", "version", "repository"), (name, *specifier.split("\n")), strict=True)) for _, name, specifier in lock.asked
    ]
    text = json.dumps([asked, locked], separators=(",", ":"), ensure_ascii=False).translate(_ESCAPES)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def nuget(lock: Lock, content: bytes, path: str, near: Mapping[str, bytes]) -> Found:
    """Compare a project file, and the central versions above it, with ``packages.lock.json``."""
    if not path.lower().endswith(_PROJECTS) or sum(name.lower().endswith(_PROJECTS) for name in near) != 1:
        return  # several projects of one folder have locks under names of their own
    root = read_xml(content, path)
    central = {}
    for name, text in sorted(near.items(), key=lambda pair: -len(pair[0])):
        if name.lower().endswith("directory.packages.props"):
            central = {package.lower(): version for package, version, _ in _references(read_xml(text, name), "PackageVersion")}
            break  # the nearest one counts
    requested = {name: specifier for _, name, specifier in lock.asked}
    for name, version, line in _references(root, "PackageReference"):
        if name.lower() not in requested:
            yield name, line, _NOT_THERE
            continue
        wanted, locked = version or central.get(name.lower(), ""), requested[name.lower()]
        lowest = re.fullmatch(r"\[([^,\]]+)(?:, \))?\]?", locked)
        if _LITERAL.fullmatch(wanted) and lowest and _plain(lowest[1]) != _plain(wanted):
            yield name, line, f"{wanted} {_OTHERWISE}"


def _references(root: Element, kind: str) -> Iterator[tuple[str, str, int]]:
    """Give name, version and line of what is asked for without a condition and by a name that is none of a variable."""
    pending = [root]
    while pending:
        element = pending.pop()
        words = {key.lower(): value for key, value in element.attributes.items()}
        if "condition" in words or element.name in ("When", "Otherwise", "Target"):
            continue
        pending += element.children
        name = words.get("include", words.get("update", "") if kind == "PackageVersion" else "").strip()
        if element.name == kind and re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            inside = next((child.text.strip() for child in element.children if child.name == "Version"), "")
            yield name, words.get("versionoverride", words.get("version", inside)).strip(), element.line


def _plain(version: str) -> str:
    """Return a version as NuGet compares it: a fourth part of nought says nothing, a missing third one is nought."""
    numbers, dash, rest = version.lower().partition("+")[0].partition("-")
    parts = [part.lstrip("0") or "0" for part in numbers.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts) + dash + rest


def terraform(lock: Lock, content: bytes, path: str, _near: Mapping[str, bytes]) -> Found:
    """Compare ``required_providers`` with ``.terraform.lock.hcl``."""
    known = {package.name for package in lock.packages}
    for name, address, line in redirect_code.providers(redirect_code.hcl(content, path)):
        # OpenTofu writes its own registry where no other is named
        tofu = re.sub(r"^registry\.terraform\.io/", "registry.opentofu.org/", address)
        if address in known or tofu in known or address.startswith("terraform.io/builtin/"):
            continue
        kind = address.rpartition("/")[2]
        other = next((one for one in sorted(known) if one.rpartition("/")[2] == kind), "")
        yield f"provider {name} ({address})", line, f"is {other} in the lock" if other else _NOT_THERE


def mix(lock: Lock, content: bytes, path: str, _near: Mapping[str, bytes]) -> Found:
    """Compare the literal list of ``deps`` with ``mix.lock``."""
    text = redirect_code.blanked(decode(content, path), re.compile(r'"(?:[^"\\\n]|\\.)*+"|#[^\n]*+'))
    begun = _DEPS.search(text)
    if begun is None:
        return
    ended = re.compile(rf"^{begun[1]}end\b", re.MULTILINE).search(text, begun.end())
    body = text[begun.end() : ended.start() if ended else len(text)]
    locked = {package.alias or package.name: package for package in lock.packages}
    decides, lines = _DECIDES.search(body) is not None, redirect_code.Counted(text)
    for found in _MIX_NAME.finditer(body):
        name, options = found[1], found[2]
        line = lines.at(begun.end() + found.start())
        package = locked.get(name)
        if re.search(r"\b(?:path|in_umbrella|system_env):", options):
            continue
        if package is None:
            if not decides:
                yield name, line, _NOT_THERE
        elif package.source.kind == "registry" and package.alias and not re.search(r"\bhex:", options):
            yield name, line, f"is {package.name} in the lock"
        elif package.source.kind == "registry" and re.search(r"\b(?:git|github):", options):
            yield name, line, _OTHERWISE
        elif package.source.kind == "registry" and package.source.location and not re.search(r"\b(?:repo|organization):", options):
            yield name, line, f"is from the repository {package.source.location[:60]} in the lock"


def swift(lock: Lock, content: bytes, path: str, _near: Mapping[str, bytes]) -> Found:
    """Compare addresses in ``Package.swift`` with ``Package.resolved``: the same last part must be the same repository."""
    places: dict[str, set[str]] = {}
    for package in lock.packages:
        place = redirect.git(package.source.location)
        places.setdefault(place.rpartition("/")[2], set()).add(place)
    for one in redirect_code.swift(content, path):
        if one.place.startswith("git ") and one.name in places and one.place not in places[one.name]:
            yield one.name, one.line, f"is {sorted(places[one.name])[0].removeprefix('git ')} in the lock"


def nix(lock: Lock, content: bytes, path: str, _near: Mapping[str, bytes]) -> Found:
    """Compare the inputs of ``flake.nix`` with what ``flake.lock`` says was asked for."""
    original = {name: specifier for _, name, specifier in lock.asked}
    for one in redirect_code.flake(content, path):
        wanted = original.get(one.name, "")
        if wanted.startswith("git ") and one.place.startswith("git ") and wanted != one.place:
            yield one.name, one.line, f"is {wanted.removeprefix('git ')} in the lock"


# The format of a lock to the pattern of its manifests' base names in lower case and what compares them.
_COMPARES: dict[str, tuple[re.Pattern[str], Callable[[Lock, bytes, str, Mapping[str, bytes]], Found]]] = {
    "Chart.lock": (re.compile(r"chart\.yaml"), helm),
    "packages.lock.json": (re.compile(r".+\.(cs|fs|vb)proj|directory\.packages\.props"), nuget),
    ".terraform.lock.hcl": (re.compile(r".+\.(tf|tofu)"), terraform),
    "mix.lock": (re.compile(r"mix\.exs"), mix),
    "Package.resolved": (re.compile(r"package\.swift"), swift),
    "flake.lock": (re.compile(r"flake\.nix"), nix),
}
_NAMES = re.compile("|".join(pattern.pattern for pattern, _ in _COMPARES.values()))


def is_one(name: str) -> bool:
    """Tell whether a base name in lower case is one of these manifests."""
    return _NAMES.fullmatch(name) is not None


def differences(lock: Lock, near: Mapping[str, bytes]) -> Iterator[tuple[str, str, int, str]]:
    """Give (path, name, line, what) of everything in which manifests and their lock disagree.

    ``near`` are the files in the lock's folder, and central versions above it. Raises UsageError for one that cannot be read.
    """
    if lock.format not in _COMPARES:
        return
    names, compare = _COMPARES[lock.format]
    for path, content in sorted(near.items()):
        if names.fullmatch(path.rpartition("/")[2].lower()):
            try:
                yield from ((path, name, line, what) for name, line, what in compare(lock, content, path, near))
            except RecursionError:
                raise UsageError(f"{path}: nested too deep") from None
