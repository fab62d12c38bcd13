# SPDX-License-Identifier: Apache-2.0
"""What the format of OpenSSF Model Signing leaves open, kept in a field of the predicate that other verifiers pass over.

The format asks verifiers to ignore further fields of the predicate, so that one signature holds everywhere and says more to us:
which files are executable, which folders are empty, and the content of what the format leaves out, but for ``.git``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.tree_entry import TreeEntry

FIELD = "x-pipeline-guard"
GIT = ".git"  # changes with every command of git, so its content cannot be covered
_VERSION = 1
_ANY_EXECUTE, _SET_ID = 0o111, 0o6000
_HINT = "fetch the model again from where it was published, or have it signed again"


@dataclass(frozen=True, slots=True)
class Strict:
    """What was added: names of executable files, of empty folders, and the digests of files that the format leaves out."""

    executables: frozenset[str]
    empty_folders: frozenset[str]
    left_out: Mapping[str, Digest]


def is_below(name: str, paths: Iterable[str]) -> bool:
    """Tell whether ``name`` is one of ``paths`` or lies below one."""
    return below(paths)(name)


def below(paths: Iterable[str]) -> Callable[[str], bool]:
    """Return the same test for many names."""
    roots = frozenset(paths)
    prefixes = tuple(path + "/" for path in roots)
    return lambda name: name in roots or name.startswith(prefixes)


def executables(entries: Iterable[TreeEntry]) -> frozenset[str]:
    """Return the names of files that anybody may execute."""
    return frozenset(entry.name for entry in entries if not entry.is_folder and entry.mode & _ANY_EXECUTE)


def empty_folders(entries: Iterable[TreeEntry], files: Iterable[str]) -> frozenset[str]:
    """Return the folders that exist for themselves, holding none of ``files``, whatever else they hold."""
    needed = set()
    for name in files:
        while "/" in name:
            name = name.rpartition("/")[0]
            if name in needed:
                break
            needed.add(name)
    return frozenset(entry.name for entry in entries if entry.is_folder and entry.name not in needed)


def check_entries(entries: Sequence[TreeEntry], label: str) -> None:
    """Raise IntegrityError for names that other systems take for one, and for files that run as their owner."""
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.name
        other = seen.setdefault(name.lower() if name.isascii() else folded(name), name)
        if other != name:
            raise IntegrityError(f"{label}: {other} and {name} are one name on other systems", "rename one of them")
        if entry.mode & _SET_ID and not entry.is_folder:
            raise IntegrityError(f"{label}: {name} is set to run as its owner", "chmod u-s,g-s takes that away")


def check_links(entries: Iterable[TreeEntry], label: str) -> None:
    """Raise IntegrityError for a file with a second name, through which it can be written to at any time."""
    linked = next((entry.name for entry in entries if not entry.is_folder and entry.links > 1), "")
    if linked:
        raise IntegrityError(f"{label}: {linked} has a second name (a hard link)", "copy the folder, or accept it with --lenient")


def folded(name: str) -> str:
    """Return what names have in common that differ only in case or in how their letters are composed."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def strict_field(strict: Strict) -> Mapping[str, Any]:
    """Return the field's value, everything by code point."""
    return {
        "version": _VERSION,
        "executables": sorted(strict.executables),
        "empty_folders": sorted(strict.empty_folders),
        "left_out": [
            {"name": name, "algorithm": digest.algorithm, "digest": digest.hex} for name, digest in sorted(strict.left_out.items())
        ],
    }


def read_strict(value: Any, name: str) -> Strict:
    """Read the field of a verified predicate. Raises IntegrityError for anything irregular; names are not judged here."""
    if not isinstance(value, dict) or value.get("version") != _VERSION or isinstance(value.get("version"), bool):
        raise IntegrityError(
            f"{name}: the strict part of the model's list is of an unknown version", "verify it with a newer pipeline-guard"
        )
    if set(value) != {"version", "executables", "empty_folders", "left_out"} or not isinstance(value["left_out"], list):
        raise IntegrityError(f"{name}: the strict part of the model's list is malformed", _HINT)
    left_out: dict[str, Digest] = {}
    for entry in value["left_out"]:
        if (
            not isinstance(entry, dict)
            or set(entry) != {"name", "algorithm", "digest"}
            or not all(isinstance(v, str) for v in entry.values())
        ):
            raise IntegrityError(f"{name}: the strict part of the model's list is malformed", _HINT)
        try:
            digest = Digest.parse(f"{entry['algorithm']}:{entry['digest']}")
        except UsageError:
            raise IntegrityError(f"{name}: the strict part of the model's list has a malformed digest", _HINT) from None
        if left_out.setdefault(entry["name"], digest) is not digest:
            raise IntegrityError(f"{name}: the strict part of the model's list has a file twice", _HINT)
    return Strict(_names(value["executables"], name), _names(value["empty_folders"], name), left_out)


def _names(value: Any, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise IntegrityError(f"{name}: the strict part of the model's list is malformed", _HINT)
    return frozenset(value)
