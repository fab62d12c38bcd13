# SPDX-License-Identifier: Apache-2.0
"""Other scanners' lists of known findings, read once to move over: which findings of today they mean.

An entry that knows its value is matched by the value (a gitleaks report by what it holds, detect-secrets by its SHA-1).
One that knows only a place (``.gitleaksignore``, redacted reports, Kingfisher) is matched by file and line as they are now,
and by the commit where both name one. What comes out is a baseline of our own, in which places play no part.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_json, parse_yaml
from pipeline_guard.model.location import Location

LIMIT = 64 * 1024 * 1024  # bytes
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHA1 = re.compile(r"[0-9a-f]{40}")


@dataclass(slots=True)
class Known:
    """The entries of one file."""

    values: set[bytes] = field(default_factory=set)  # SHA-256 of the value
    digests: set[str] = field(default_factory=set)  # SHA-1 of the value, in hexadecimal digits
    places: dict[tuple[str, int], set[str]] = field(default_factory=dict)  # path and line to commits ("" where none is named)

    def __len__(self) -> int:
        return len(self.values) + len(self.digests) + sum(len(commits) for commits in self.places.values())

    def at(self, path: str, line: int, commit: str) -> None:
        """Add an entry that names a place."""
        self.places.setdefault((path, line), set()).add(commit)

    def means(self, location: Location, value: bytes) -> bool:
        """Tell whether an entry means this finding."""
        return (
            bool(self._commits(location))
            or hashlib.sha256(value).digest() in self.values
            or hashlib.sha1(value, usedforsecurity=False).hexdigest() in self.digests
        )

    def _commits(self, location: Location) -> set[str]:
        """Return the commits that entries for this place name and that may be the finding's: in a tree there are none to compare."""
        named = self.places.get((location.path, location.line), set())
        return named & {"", location.commit} if location.commit else named


def parse(content: bytes, name: str) -> Known:
    """Read a gitleaks report or ignore file, a detect-secrets baseline or a Kingfisher one; raise UsageError for anything else."""
    if len(content) > LIMIT:
        raise UsageError(f"{name}: larger than {LIMIT} bytes")
    head = content.lstrip()[:1]
    if head in (b"[", b"{"):
        found = parse_json(content, name, limit=LIMIT)
        if isinstance(found, list):
            return _gitleaks_report(found, name)
        if isinstance(found, dict) and isinstance(found.get("results"), dict):
            return _detect_secrets(found["results"], name)
        raise _refused(name)
    if re.search(rb"(?m)^ExactFindings:", content):
        return _kingfisher(content, name)
    return _gitleaksignore(content, name)


def _refused(name: str, what: str = "not a list of findings that is known here") -> UsageError:
    return UsageError(f"{name}: {what}", "a .gitleaksignore, a gitleaks JSON report, a .secrets.baseline or a Kingfisher baseline")


def _path(text: object) -> str:
    return str(text).replace("\\", "/").removeprefix("./")


def _gitleaksignore(content: bytes, name: str) -> Known:
    known = Known()
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        path, _, rest = entry.partition(":")
        commit = path if _COMMIT.fullmatch(path) else ""
        parts = (rest if commit else entry).rsplit(":", 2)
        if len(parts) != 3 or not parts[0] or not parts[2].isascii() or not parts[2].isdigit():
            raise _refused(f"{name}:{number}", "not a fingerprint of gitleaks (COMMIT:FILE:RULE:LINE)")
        known.at(_path(parts[0]), int(parts[2][:9]), commit)
    return known


def _gitleaks_report(entries: list[Any], name: str) -> Known:
    known = Known()
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("File"), str) or not isinstance(entry.get("StartLine"), int):
            raise _refused(name, f"entry {number} is no finding of gitleaks")
        value, commit = entry.get("Secret"), entry.get("Commit")
        if isinstance(value, str) and value and "REDACTED" not in value and not value.endswith("..."):
            known.values.add(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest())
        else:
            known.at(_path(entry["File"]), entry["StartLine"], commit if isinstance(commit, str) else "")
    return known


def _detect_secrets(results: dict[str, Any], name: str) -> Known:
    known = Known()
    for path, entries in results.items():
        for entry in entries if isinstance(entries, list) else [None]:
            digest = entry.get("hashed_secret") if isinstance(entry, dict) else None
            if not isinstance(digest, str) or not _SHA1.fullmatch(digest):
                raise _refused(name, f"{path[:100]}: an entry without hashed_secret")
            known.digests.add(digest)
    return known


def _kingfisher(content: bytes, name: str) -> Known:
    known = Known()
    found = parse_yaml(content, name).at(["ExactFindings", "matches"])
    for entry in found.elements():
        path, line = entry.get("filepath"), entry.get("linenum")
        if path is None or line is None or not isinstance(line.value, int):
            raise _refused(f"{name}:{entry.line}", "an entry without filepath and linenum")
        known.at(_path(path.value), line.value, "")
    return known
