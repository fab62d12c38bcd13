# SPDX-License-Identifier: Apache-2.0
"""The subjects of a statement, found by digest and by name however many there are; and lists of subjects as other tools write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.model_strict import folded

MAX_LIST = 64 * 1024 * 1024
_HINT = "write a JSON list of paths or of {name, digest}, or what sha256sum prints"
_LENGTHS = {64: "sha256", 96: "sha384", 128: "sha512"}


class SubjectIndex:
    """Subjects by digest and by name; built once for a statement."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._by_digest: dict[Digest, list[Subject]] = {}
        self._by_name: dict[str, list[Subject]] = {}
        algorithms: dict[str, None] = {}
        for subject in subjects:
            self._by_digest.setdefault(subject.digest, []).append(subject)
            self._by_name.setdefault(subject.name, []).append(subject)
            algorithms[subject.digest.algorithm] = None
        self.algorithms = tuple(sorted(algorithms))

    def with_digest(self, digest: Digest) -> Collection[Subject]:
        """Return the subjects with this digest."""
        return self._by_digest.get(digest, [])

    def named(self, name: str) -> Collection[Subject]:
        """Return the subjects with this name."""
        return self._by_name.get(name, [])

    def alike(self, name: str) -> Sequence[Subject]:
        """Return the subjects whose name other systems take for this one: another case, or letters composed otherwise."""
        own = folded(name)
        return [subject for other, found in self._by_name.items() if folded(other) == own for subject in found]

    def names(self) -> Collection[str]:
        """Return every name."""
        return self._by_name.keys()


def read_list(content: bytes, name: str) -> tuple[list[str], list[Subject]]:
    """Read a list of subjects: paths that are still to be hashed, and subjects whose digest the list gives.

    Read are a JSON list of paths or of objects (in-toto: ``name`` and ``digest``; ``path`` for a file to be hashed) and the lines of
    sha256sum, sha384sum and sha512sum. Raises UsageError for anything else, NothingToDo where it is empty.
    """
    stripped = content.lstrip()
    paths, subjects = _from_json(content, name) if stripped[:1] in (b"[", b"{") else _from_lines(content, name)
    if not paths and not subjects:
        raise NothingToDo(f"{name}: the list names no subject", _HINT)
    return paths, subjects


def _from_json(content: bytes, name: str) -> tuple[list[str], list[Subject]]:
    document = parse_json(content, name, limit=MAX_LIST)
    if not isinstance(document, list):
        raise UsageError(f"{name}: not a list of subjects", _HINT)
    paths: list[str] = []
    subjects: list[Subject] = []
    for number, entry in enumerate(document, 1):
        if isinstance(entry, str) and entry:
            paths.append(entry)
        elif isinstance(entry, dict) and isinstance(entry.get("digest"), dict) and isinstance(entry.get("name"), str):
            subjects.append(Subject(entry["name"], _digest(entry["digest"], f"{name}: entry {number}")))
        elif isinstance(entry, dict) and isinstance(entry.get("path"), str) and entry["path"]:
            paths.append(entry["path"])
        else:
            raise UsageError(f"{name}: entry {number} is neither a path nor a subject", _HINT)
    return paths, subjects


def _digest(digests: Mapping[str, Any], place: str) -> Digest:
    for algorithm in ("sha256", "sha512", "sha384"):
        value = digests.get(algorithm)
        if isinstance(value, str):
            return Digest.parse(f"{algorithm}:{value}")
    raise UsageError(f"{place} has no SHA-2 digest", _HINT)


def _from_lines(content: bytes, name: str) -> tuple[list[str], list[Subject]]:
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8 text", _HINT) from None
    subjects = []
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r")
        if line:
            subjects.append(_checksum(line, f"{name}:{number}"))
    return [], subjects


def _checksum(line: str, place: str) -> Subject:
    """Read ``HEX  NAME`` or ``HEX *NAME``; a backslash in front says that backslash, LF and CR in the name are escaped."""
    escaped = line.startswith("\\")
    value, _, rest = line[escaped:].partition(" ")
    algorithm = _LENGTHS.get(len(value))
    if algorithm is None or rest[:1] not in (" ", "*") or not rest[1:]:
        raise UsageError(f"{place}: not a line of a checksum file", _HINT)
    title = rest[1:]
    if escaped:
        title = title.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
    return Subject(title.removeprefix("./"), Digest.parse(f"{algorithm}:{value}"))
