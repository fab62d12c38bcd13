# SPDX-License-Identifier: Apache-2.0
"""Texts of known formats are cut at their exact borders."""

from __future__ import annotations

import pickle

import pytest

from pipeline_guard.scan.formats.known import known
from tests.fakes.stored import dex, gguf, java_class, protobuf, pyc, safetensors, sqlite

VALUE = "Abcdefghij0123456789Abcdefghij"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.pyc", pyc(VALUE)),
        ("A.class", java_class(VALUE.encode())),
        ("c.dex", dex(VALUE.encode())),
        ("m.gguf", gguf(VALUE.encode())),
        ("m.onnx", protobuf(VALUE.encode())),
        ("a.db", sqlite(VALUE)),
        *(("m.pkl", pickle.dumps([1.5, VALUE, (VALUE, 2)], protocol)) for protocol in range(6)),
    ],
)
def test_text_stands_alone_between_seams_and_leads_back(path: str, data: bytes) -> None:
    reading = known(path, data)
    assert reading is not None
    (piece,) = reading.pieces
    parts = piece.data.split(b"\n\0\n")
    assert VALUE.encode() in parts
    start = piece.data.index(VALUE.encode())
    assert piece.stored(start, start + len(VALUE)) == (data.index(VALUE.encode()), data.index(VALUE.encode()) + len(VALUE))
    assert piece.stored(0, len(piece.data)) is None or len(parts) == 1, "a span over a seam leads nowhere"


def test_whole_formats_leave_no_rest_and_broken_ones_do() -> None:
    assert [known(path, data).rest for path, data in (("m.gguf", gguf(b"abcd")), ("a.pyc", pyc(VALUE)), ("m.s", safetensors(VALUE)))] == [
        False
    ] * 3  # type: ignore[union-attr]
    assert known("m.gguf", gguf(b"abcd")[:60]).rest  # type: ignore[union-attr]


@pytest.mark.parametrize("data", [b"", b"plain", b"(a text that ends with a full stop.", b"V is for victory.", b"%PD", b"\x80 text"])
def test_texts_are_no_known_format(data: bytes) -> None:
    assert known("a.txt", data) is None
