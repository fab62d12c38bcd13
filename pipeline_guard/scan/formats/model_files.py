# SPDX-License-Identifier: Apache-2.0
"""Texts of model files beside their tensors: safetensors' header, GGUF's key-value pairs, protobuf's strings (ONNX, TensorFlow).

Formats: huggingface/safetensors README; ggml-org/ggml docs/gguf.md; protobuf.dev "Encoding".
"""

from __future__ import annotations

import re

from pipeline_guard.scan.fragment import Span

_MOST_TEXTS = 500_000
_MOST_FIELDS = 3_000_000
_FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{4,}")
_PROTOBUF = (".onnx", ".pb", ".ort", ".tfrecord")


def safetensors_header(data: bytes) -> Span | None:
    """Return where the JSON header lies, which may reach beyond a file that is cut off; None for other files."""
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= 100_000_000 or data[8:9] != b"{":
        return None
    if 8 + size <= len(data) and data[8 : 8 + size].rstrip(b" ")[-1:] != b"}":
        return None
    return 8, 8 + size


def gguf_texts(data: bytes) -> tuple[list[Span], bool]:
    """Return the places of GGUF's keys and string values, and whether all could be read."""
    spans: list[Span] = []
    narrow = int.from_bytes(data[4:8], "little") == 1
    width = 4 if narrow else 8
    pairs = int.from_bytes(data[8 + width : 8 + 2 * width], "little")
    place = 8 + 2 * width

    def text(place: int) -> int:
        length = int.from_bytes(data[place : place + width], "little")
        place += width
        if length and place + length <= len(data) and len(spans) < _MOST_TEXTS:
            spans.append((place, place + length))
        return place + length

    for _ in range(min(pairs, _MOST_TEXTS)):
        place = text(place)
        kind = int.from_bytes(data[place : place + 4], "little")
        place += 4
        count = 1
        if kind == _ARRAY:
            kind = int.from_bytes(data[place : place + 4], "little")
            count = int.from_bytes(data[place + 4 : place + 4 + width], "little")
            place += 4 + width
        if kind == _STRING:
            for _element in range(min(count, len(data))):
                place = text(place)
                if place > len(data):
                    return spans, False
        elif kind in _FIXED:
            place += _FIXED[kind] * count
        else:
            return spans, False
        if place > len(data):
            return spans, False
    return spans, True


def is_protobuf(path: str) -> bool:
    """Tell by the name: the encoding has no mark of its own."""
    return path.lower().endswith(_PROTOBUF)


def protobuf_texts(data: bytes) -> list[Span]:
    """Return the places of what looks like text in a protobuf message, and in the messages within it."""
    spans: list[Span] = []
    work = [(0, len(data), 0)]
    left = _MOST_FIELDS
    while work and left > 0:
        place, end, depth = work.pop()
        fields, whole, left = _fields(data, place, end, left - 1)
        if not whole and depth:
            continue
        for start, stop in fields:
            if stop - start < 4:
                continue
            if _PRINTABLE.fullmatch(data, start, min(stop, start + 65_536)):
                spans.append((start, stop))
            elif depth < 16:
                work.append((start, stop, depth + 1))
    spans.sort()
    return spans


def _fields(data: bytes, place: int, end: int, left: int) -> tuple[list[Span], bool, int]:
    """Return the length-delimited fields of one message, whether it reads as one to its end, and what is left of the limit."""
    found: list[Span] = []
    while place < end:
        left -= 1
        tag, place = _varint(data, place, end)
        wire = tag & 7
        if tag >> 3 == 0 or place < 0:
            return found, False, left
        if wire == 0:
            _, place = _varint(data, place, end)
        elif wire == 1:
            place += 8
        elif wire == 5:
            place += 4
        elif wire == 2:
            size, place = _varint(data, place, end)
            if place < 0 or place + size > end:
                return found, False, left
            found.append((place, place + size))
            place += size
        else:
            return found, False, left
        if place < 0 or left <= 0:
            return found, False, left
    return found, place == end, left


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Return a number and where it ends, -1 where it does not."""
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place += 1
        shift += 7
        if byte < 0x80:
            return value, place
    return value, -1
