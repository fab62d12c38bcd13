# SPDX-License-Identifier: Apache-2.0
"""The archive of a folder: one form to write, and nothing else is read, however genuine its seal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.seal import archive
from pipeline_guard.seal.archive import END, FILE, FOLDER, HEAD, PROGRAM, ArchiveReader, Member, head, ordered, tail

MEMBERS = [Member(FILE, "a-b", 3), Member(FOLDER, "a"), Member(PROGRAM, "a/run", 2), Member(FILE, "z", 0)]
CONTENT = {"a-b": b"abc", "a/run": b"xy", "z": b""}


def written(members: list[Member]) -> bytes:
    return b"".join(head(member) + CONTENT.get(member.path, b"") for member in members) + tail()


def read(stream: bytes, step: int = 5) -> list[tuple[Member, bytes]]:
    pieces: Iterator[memoryview] = (memoryview(stream[start : start + step]) for start in range(0, len(stream), step))
    return [(member, b"".join(map(bytes, content))) for member, content in ArchiveReader(pieces).members()]


def entry(kind: bytes, path: bytes, content: bytes = b"") -> bytes:
    return HEAD.pack(kind, len(path), len(content)) + path + content


@pytest.mark.parametrize("step", [1, 2, 11, 12, 1000])
def test_what_was_written_is_read_back_in_any_pieces(step: int) -> None:
    assert read(written(MEMBERS), step) == [(member, CONTENT.get(member.path, b"")) for member in MEMBERS]


def test_order_is_by_bytes_and_not_by_the_folder_read() -> None:
    assert ordered(reversed(MEMBERS)) == MEMBERS


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        tail()[:-1],
        tail() + b"\0",
        tail() + tail(),
        HEAD.pack(END, 1, 0) + b"x",
        HEAD.pack(END, 0, 1) + b"x",
        written(MEMBERS)[:-11],
        written(MEMBERS)[:-12],
        entry(FILE, b"/etc/passwd") + tail(),
        entry(FILE, b"../out") + tail(),
        entry(FOLDER, b"a/") + entry(FILE, b"a/../../out") + tail(),
        entry(FILE, b"./a") + tail(),
        entry(FILE, b"a//b") + tail(),
        entry(FILE, b"") + tail(),
        entry(FOLDER, b"/") + tail(),
        entry(FILE, b"a\0b") + tail(),
        entry(FILE, b"\xff") + tail(),
        entry(FILE, b"nowhere/a") + tail(),
        entry(FILE, b"a") + entry(FILE, b"a/b") + tail(),
        entry(FILE, b"b") + entry(FILE, b"a") + tail(),
        entry(FILE, b"a") + entry(FILE, b"a") + tail(),
        entry(FILE, b"a") + entry(FOLDER, b"a/") + tail(),
        entry(FILE, b"A") + entry(FILE, b"a") + tail(),
        entry(FILE, "e\u0301".encode()) + entry(FILE, "\u00e9".encode()) + tail(),
        entry(FILE, b"STRASSE") + entry(FILE, "stra\u00dfe".encode()) + tail(),
        entry(FILE, b"a" * 256) + tail(),
        entry(FOLDER, b"a/") + entry(FILE, b"a/" + b"b/" * 2100 + b"c") + tail(),
        entry(FILE, b"a/") + tail(),
        entry(FOLDER, b"a") + tail(),
        entry(FOLDER, b"a/", b"content") + tail(),
        entry(b"L", b"a", b"/etc/passwd") + tail(),
        entry(b"\0", b"a") + tail(),
        HEAD.pack(FILE, 1, 2**64 - 1) + b"a" + tail(),
    ],
)  # fmt: skip
def test_irregular_archive_is_refused(stream: bytes) -> None:
    with pytest.raises(IntegrityError) as refused:
        read(stream)
    assert refused.value.hint


@pytest.mark.parametrize("paths", [["A", "a"], ["e\u0301", "\u00e9"], ["x" * 256]])
def test_folder_that_others_could_not_hold_is_refused_when_sealing(paths: list[str]) -> None:
    with pytest.raises(UsageError):
        ordered(Member(FILE, path) for path in paths)


def test_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    with pytest.raises(IntegrityError):
        read(written(MEMBERS))
