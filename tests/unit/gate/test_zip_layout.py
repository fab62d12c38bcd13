# SPDX-License-Identifier: Apache-2.0
"""Zip files whose readers would differ are refused, whatever they differ in; ordinary ones of every writer pass."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.archive import inspect
from tests.unit.gate.test_archive import zipped

ONE = zipped(("a", b"1" * 50))
TWO = zipped(("a", b"1" * 50), ("b", b"2" * 60))


def said(content: bytes) -> str:
    return " | ".join(f"{name} {what}".strip() for name, what in inspect(content, "x.zip").faults)


def directory(content: bytes) -> int:
    """Return where the directory begins."""
    return int(struct.unpack_from("<I", content, content.rindex(b"PK\5\6") + 16)[0])


def moved(content: bytes, by: int) -> bytes:
    """Return a zip file whose directory lies ``by`` bytes further on."""
    at = content.rindex(b"PK\5\6") + 16
    return content[:at] + struct.pack("<I", directory(content) + by) + content[at + 4 :]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ONE.replace(b"a", b"z", 1), "a is called z in its own header"),
        (ONE[:8] + b"\x08\0" + ONE[10:], "a is packed otherwise by its own header"),
        (ONE[:22] + b"\xff\0\0\0" + ONE[26:], "a has another size or checksum in its own header"),
        (ONE[:14] + b"\0\0\0\0" + ONE[18:], "a has another size or checksum in its own header"),
        (ONE + b"more", "does not end where its directory says"),
        (moved(ONE[: directory(ONE)] + ONE[: directory(ONE)] + ONE[directory(ONE) :], directory(ONE)), "behind the last one"),
        (zipped(("a:b", b"")), "is another name on Windows"),
        (zipped(("a./b", b"")), "is another name on Windows"),
        (zipped(("d/a ", b"")), "is another name on Windows"),
        (zipped(("l", b"d"), mode=0o120777)[:0] + zipped(("l", b"d"), ("l/x", b""), mode=0o120777), "is written through the link l"),
    ],
    ids=lambda value: value if isinstance(value, str) else "zip",
)
def test_every_difference_is_told(content: bytes, words: str) -> None:
    assert words in said(content)


def test_a_second_member_where_the_first_lies_overlaps_it() -> None:
    second = TWO.rindex(b"PK\1\2")
    same = TWO[: second + 42] + struct.pack("<I", 0) + TWO[second + 46 :]
    assert "overlaps the member before it" in said(same)


def test_a_member_that_the_directory_leaves_out_is_told() -> None:
    first, second, end = TWO.index(b"PK\1\2"), TWO.rindex(b"PK\1\2"), TWO.rindex(b"PK\5\6")
    size = end - second
    hidden = TWO[:first] + TWO[second:end] + TWO[end : end + 8] + struct.pack("<HHII", 1, 1, size, first) + TWO[end + 20 :]
    assert "that its directory does not name" in said(hidden)


def test_a_directory_within_the_comment_is_told() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("a", b"1")
    inner = stream.getvalue()
    end = inner.rindex(b"PK\5\6")
    listed = inner[directory(inner) : end]
    first = inner[end : end + 20] + struct.pack("<H", len(listed) + 22)
    again = inner[:end] + first + listed + inner[end : end + 16] + struct.pack("<IH", end + 22, 0)
    assert "has two directories" in said(again)


def test_a_name_in_the_unicode_field_that_differs_is_told() -> None:
    entry = zipfile.ZipInfo("a")
    entry.extra = struct.pack("<HHBI", 0x7075, 6, 1, 0) + b"z"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr(entry, b"")
    assert "is called z in a field that some tools prefer" in said(stream.getvalue())


def test_ordinary_files_pass_those_of_unknown_sizes_too() -> None:
    class Pipe(io.RawIOBase):
        """What cannot be gone back in: sizes follow the members."""

        def __init__(self) -> None:
            self.pieces: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, piece: bytes) -> int:  # type: ignore[override]
            self.pieces.append(bytes(piece))
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        made.writestr("a", b"1" * 1000)
        made.writestr("dé/b", b"PK\3\4" * 10)
        made.comment = b"a comment"
    for content in (b"".join(pipe.pieces), ONE, TWO, zipped()):
        assert said(content) == ""


def test_every_cut_ends_in_a_fault_or_a_plain_error() -> None:
    for at in range(len(TWO)):
        try:
            assert inspect(TWO[:at] if at > 4 else b"PK\3\4", "x.zip").faults
        except UsageError:
            continue
