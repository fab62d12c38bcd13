# SPDX-License-Identifier: Apache-2.0
"""Encodings are told by marks and zero bytes."""

from __future__ import annotations

import pytest

from pipeline_guard.scan.encoding import sniff


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_zero_bytes_tell_utf16_without_a_mark(codec: str) -> None:
    assert sniff("größe = 1\n".encode(codec)).codec == codec


@pytest.mark.parametrize("data", [b"", b"plain text", b"\0" * 64, bytes(range(256)), b"\1\0\2\0\3\0\4\0\5\0\6\0\7\0\1\0\2\0", b"a\0b"])
def test_other_bytes_are_no_utf16(data: bytes) -> None:
    assert sniff(data).codec == ""


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["пароль = доступ закрыт\n", "パスワード: 東京 大阪 京都\n" * 3])
def test_scripts_without_zeros_in_their_letters_are_told_by_reading(codec: str, text: str) -> None:
    assert sniff(text.encode(codec)).codec == codec
