# SPDX-License-Identifier: Apache-2.0
"""Entries that say something else about the same package and version than the merge target does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.places import is_default, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Distribution, Ecosystem, Package

_COMMIT = re.compile(r"[0-9a-f]{40}")
_Sums = dict[tuple[str, str], set[str]]  # (algorithm, spelling) to values
_NAMES = {"registry": "a registry", "url": "an address of its own", "path": "a folder", "bundled": "another package"}


def check(facts: LockChange, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package of an unchanged name and version whose hash, address or kind of source is not what it was."""
    known: dict[tuple[Ecosystem, str, str], list[Package]] = {}
    for lock in facts.former():
        for package in lock.packages:
            known.setdefault(package.key, []).append(package)
    for package in facts.after.packages:
        if package.ecosystem is Ecosystem.NIX and _same_hash_elsewhere(package, facts):
            fix = f"git checkout BASE -- {facts.path}, then nix flake update {package.name}"
            yield Problem(package.location, f"{package.name} is another commit with the hash of the former one", fix)
            continue
        old = known.get(package.key)
        if not old or package.source.kind == "root":
            continue
        differences = [_difference(other, package) for other in old]
        if all(differences):
            what, line = next(found for found in differences if found)
            yield Problem(
                Location(facts.path, line or package.location.line),
                f"{package.name} {package.version} {what}".replace("  ", " "),
                f"git checkout BASE -- {facts.path}, and make only the wanted update with the lock's own tool",
            )


def _same_hash_elsewhere(package: Package, facts: LockChange) -> bool:
    """Tell whether an input of Nix has a new commit or place and its old hash: what is in the store by that hash is taken for it."""
    former = [one for lock in facts.former() for one in lock.packages if one.name == package.name and one.files and package.files]
    return any(
        one.source != package.source and one.source.kind != "path" and _sums(one.files[0]) == _sums(package.files[0]) for one in former
    ) and not any(one.source == package.source for one in former)


def _difference(old: Package, new: Package) -> tuple[str, int] | None:
    """Return what differs between two entries of one version, and on which line; None for nothing that matters."""
    before, after = _kind(old), _kind(new)
    if before != after:
        return f"came from {_NAMES.get(before, before)} and comes from {_NAMES.get(after, after)} now", 0
    if after == "git":
        if _repository(old) != _repository(new):
            return "comes from another repository", 0
        # a new commit of the same repository is an update that reviewers see as one, unless a version names it
        if new.ecosystem is Ecosystem.SWIFT and new.version and old.source.revision != new.source.revision:
            return "is another commit", 0
        same = bool(new.source.revision) and old.source.revision == new.source.revision
        changed = same and any(_replaced(_sums(one), _sums(other)) for one, other in _pairs(old, new))
        return ("has another hash for the same commit", new.location.line) if changed else None
    if after not in ("registry", "url"):
        return None
    if _moved_commit(old, new):
        return "is another commit", 0
    for one, other in _pairs(old, new):
        what = _file_difference(one, other, new.ecosystem)
        if what:
            return what, other.line
    if len(old.files) > 1 or len(new.files) > 1:
        bare, now_bare = _unnamed(old), _unnamed(new)
        if bare - now_bare and now_bare - bare:
            return "has hashes that replace others", 0
    if any(file.checksums for file in old.files) and new.files and not any(file.checksums for file in new.files):
        return "lost its hash", 0
    return None


def _kind(package: Package) -> str:
    return "path" if package.source.kind in ("path", "link", "root") else package.source.kind


def _repository(package: Package) -> str:
    return package.source.location.lower().partition("?")[0].removesuffix(".git")


def _moved_commit(old: Package, new: Package) -> bool:
    before, after = old.source.revision, new.source.revision
    return (
        bool(_COMMIT.fullmatch(before) and _COMMIT.fullmatch(after))
        and before != after
        and not (new.version.startswith("dev-") or new.version.endswith("-dev"))
    )


def _pairs(old: Package, new: Package) -> Iterator[tuple[Distribution, Distribution]]:
    """Give the files that are the same one: by name, or the only one of both."""
    if len(old.files) == len(new.files) == 1 and (old.files[0].name == new.files[0].name or not (old.files[0].name and new.files[0].name)):
        yield old.files[0], new.files[0]
        return
    named = {file.name: file for file in old.files if file.name}
    for file in new.files:
        if file.name in named:
            yield named[file.name], file


def _file_difference(old: Distribution, new: Distribution, ecosystem: Ecosystem) -> str:
    before, after = _sums(old), _sums(new)
    common = before.keys() & after.keys()
    if _replaced(before, after):
        return "has another hash for the same file"
    if "://" not in old.url or "://" not in new.url:
        return ""
    one, other = take_apart(old.url), take_apart(new.url)
    if (one.scheme, one.host) == (other.scheme, other.host):
        same = _path(old.url) == _path(new.url) or any(before[kind] & after[kind] for kind in common)
        return "" if same else "is downloaded from another address"
    ordinary = one.scheme == other.scheme and is_default(ecosystem, one.host) and is_default(ecosystem, other.host)
    return "" if ordinary else f"is downloaded from {other.host or 'another host'} now"


def _replaced(before: _Sums, after: _Sums) -> bool:
    """Tell whether a file has a hash that it had not: any one of several is enough for a tool to take another file.

    Terraform adds hashes as platforms are added; there only one in the place of another counts.
    """
    for kind in before.keys() & after.keys():
        more = after[kind] - before[kind]
        if more and (kind[1] not in ("h1", "zh") or before[kind] - after[kind]):
            return True
    return False


def _sums(file: Distribution) -> _Sums:
    found: _Sums = {}
    for checksum in file.checksums:
        # hexadecimal digits mean the same in both cases, base64 does not
        value = checksum.value if checksum.form in ("sri", "h1", "nar", "nuget") else checksum.value.lower()
        found.setdefault((checksum.algorithm, checksum.form), set()).add(value)
    return found


def _path(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _unnamed(package: Package) -> set[str]:
    return {checksum.value.lower() for file in package.files if not file.name for checksum in file.checksums}


RULE = Rule(
    "lock-tampered",
    Kind.LOCK_CHANGE,
    "",
    "a published version does not change: somebody replaced what it installs",
    check,
)
