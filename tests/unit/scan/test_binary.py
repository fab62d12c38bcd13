# SPDX-License-Identifier: Apache-2.0
"""Texts in UTF-16 inside files that are no text."""

from __future__ import annotations

import pytest

from pipeline_guard.scan.binary import texts


def wide(data: bytes) -> list[str]:
    """Return the texts in UTF-16, each from an own run of the file."""
    return [piece.data.decode("ascii", "replace") for piece in texts(data)][1:]


@pytest.mark.parametrize("length", [8, 4095, 4096, 4097, 12_289])
@pytest.mark.parametrize("behind", [b"\xff\xff", b"x\xff", b"x", b""])
def test_run_of_any_length_is_one_text_and_ends_with_its_last_whole_letter(length: int, behind: bytes) -> None:
    text = ("0123456789" * (length // 10 + 1))[:length]
    data = b"\xff\xfe\x01" * 40 + text.encode("utf-16-le") + behind
    assert text in wide(data)


def test_place_of_a_letter_is_that_in_the_file() -> None:
    data = b"\xff\xfe\x01" * 40 + ("a" * 5000 + "needle").encode("utf-16-le") + b"\xff"
    (piece,) = [piece for piece in list(texts(data))[1:] if b"aaneedle" in piece.data]
    at = piece.data.index(b"needle")
    span = piece.stored(at, at + 6)
    assert span is not None
    assert data[slice(*span)].startswith("needle".encode("utf-16-le")[:-1])
