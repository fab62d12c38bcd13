# SPDX-License-Identifier: Apache-2.0
"""Encodings are told by marks and zero bytes."""

from __future__ import annotations

import pytest

from pipeline_guard.scan.encoding import sniff, wide_text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_zero_bytes_tell_utf16_without_a_mark(codec: str) -> None:
    assert sniff("größe = 1\n".encode(codec)).codec == codec


@pytest.mark.parametrize("data", [b"", b"plain text", b"\0" * 64, bytes(range(256)), b"\1\0\2\0\3\0\4\0\5\0\6\0\7\0\1\0\2\0", b"a\0b"])
def test_other_bytes_are_no_utf16(data: bytes) -> None:
    assert sniff(data).codec == ""


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "line",
    [
        "Αυτό είναι ένα αρχείο ρυθμίσεων",
        "Это файл настроек приложения",
        "这是应用程序的配置文件 token = 1",
        "זהו קובץ הגדרות של היישום",
        "😀 ok файл настроек",
    ],
)
def test_other_scripts_are_told_as_well_and_places_are_those_of_the_stored_bytes(codec: str, line: str) -> None:
    text = f"{line}\n" * 4 + "key = abcdefgh\n"
    data = text.encode(codec)
    assert sniff(data).codec == codec
    piece = wide_text(data, sniff(data))
    start = piece.data.index(b"abcdefgh")
    first, last = piece.stored(start, start + 8)
    assert data[first:last].decode(codec) == "abcdefgh"


@pytest.mark.parametrize("unit", [b"\x01\x02", b"\xff\xd8\x20\x00", b"\x00\xd8\x41\x00", b"\x40\x09\x00\x07", b"\xf0\xe0\x20\x00"])
def test_units_that_no_text_has_are_binary(unit: bytes) -> None:
    assert sniff((unit * 100)[:199] + b"\0" * 20).codec == ""
    assert sniff(b"plain words \0\0 and \0 more of them, " * 10).codec == ""
