# SPDX-License-Identifier: Apache-2.0
"""A folder as one stream: the same folder gives the same bytes, and a hostile stream names nothing outside the folder.

Entries by the bytes of their path, folders with a final ``/`` before what they hold, then an end entry; no owners, no times,
no links. What is read obeys the same rules as what is written: it is refused otherwise, even if its seal is genuine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct

from pipeline_guard.errors import IntegrityError, UsageError

FOLDER, FILE, PROGRAM, END = b"D", b"F", b"X", b"E"  # PROGRAM: a file that its owner may execute
HEAD = Struct(">cHQ")  # kind, bytes of the path, bytes of the content
MOST_ENTRIES = 1_000_000
_LONGEST_PATH, _LONGEST_NAME = 4096, 255  # bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: ``path`` is relative, without a final ``/``."""

    kind: bytes
    path: str
    size: int = 0


class Rules:
    """What a path must be, given those before it. Raises the error that ``refuse`` makes."""

    def __init__(self, refuse: Callable[[str, str], UsageError | IntegrityError]) -> None:
        self._refuse = refuse
        self._last = b""
        self._folded: set[str] = set()
        self._folders = {""}

    def check(self, member: Member) -> bytes:
        """Return the path as it is written."""
        path = member.path
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\0" in path:
            raise self._refuse(path, "not a plain relative path")
        written = path.encode() + (b"/" if member.kind == FOLDER else b"")
        if len(written) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
            raise self._refuse(path, "the path is too long")
        if written <= self._last:
            raise self._refuse(path, "out of order")
        if path.rpartition("/")[0] not in self._folders:
            raise self._refuse(path, "its folder is not there")
        # names that are one name on other file systems would overwrite each other there
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in self._folded:
            raise self._refuse(path, "differs from another name by case or accents only")
        if len(self._folded) >= MOST_ENTRIES:
            raise self._refuse(path, f"more than {MOST_ENTRIES} entries")
        self._last = written
        self._folded.add(folded)
        if member.kind == FOLDER:
            self._folders.add(path)
        return written


def ordered(members: Iterable[Member]) -> list[Member]:
    """Return the members in the order of the archive; raise UsageError for names that cannot be archived."""
    rules = Rules(lambda path, why: UsageError(f"{path[:200]}: {why}", "rename it; other machines could not hold the folder"))
    result = sorted(members, key=lambda member: member.path.encode() + (b"/" if member.kind == FOLDER else b""))
    for member in result:
        rules.check(member)
    return result


def head(member: Member) -> bytes:
    """Return what stands before a member's content."""
    path = member.path.encode() + (b"/" if member.kind == FOLDER else b"")
    return HEAD.pack(member.kind, len(path), member.size) + path


def tail() -> bytes:
    """Return the end entry."""
    return HEAD.pack(END, 0, 0)


class ArchiveReader:
    """Reads an archive from pieces of plaintext. Nothing it gives was unchecked."""

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")
        self._rules = Rules(_refuse)

    def members(self) -> Iterator[tuple[Member, Iterator[memoryview]]]:
        """Give each member with its content, which must be consumed before the next. Raises IntegrityError."""
        while True:
            kind, length, size = HEAD.unpack(self._take(HEAD.size))
            if kind == END:
                break
            member = self._member(kind, self._take(min(length, _LONGEST_PATH + 1)), size)
            yield member, self._content(size)
        if length or size or self._piece or any(len(piece) for piece in self._pieces):
            raise _refuse("", "something follows the end")

    def _member(self, kind: bytes, written: bytes, size: int) -> Member:
        try:
            path = written.decode("utf-8")
        except UnicodeDecodeError:
            raise _refuse("", "a name is not UTF-8") from None
        if kind not in (FOLDER, FILE, PROGRAM) or path.endswith("/") is not (kind == FOLDER) or (kind == FOLDER and size):
            raise _refuse(path, "an entry of unknown kind")
        member = Member(kind, path.removesuffix("/"), size)
        self._rules.check(member)
        return member

    def _content(self, size: int) -> Iterator[memoryview]:
        while size:
            piece = self._some(size)
            size -= len(piece)
            yield piece

    def _take(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            found += self._some(count - len(found))
        return found

    def _some(self, most: int) -> memoryview:
        while not self._piece:
            try:
                self._piece = next(self._pieces)
            except StopIteration:
                raise _refuse("", "it ends too early") from None
        piece, self._piece = self._piece[:most], self._piece[most:]
        return piece


def _refuse(path: str, why: str) -> IntegrityError:
    shown = f"{path[:200]!r}: {why}" if path else why
    return IntegrityError(f"the sealed folder is not one we write: {shown}", "do not use it; ask whoever sealed it")
