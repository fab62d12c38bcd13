# SPDX-License-Identifier: Apache-2.0
"""Texts of compiled code: Python's .pyc, Java's .class, Android's .dex. Nothing is loaded.

Formats: CPython Python/marshal.c and Lib/importlib/_bootstrap_external.py; JVM specification chapter 4.4; Android "dex format".
"""

from __future__ import annotations

import re
import struct

from pipeline_guard.scan.fragment import Span

_MOST = 2_000_000  # objects
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{4,}")
_CODE_38, _CODE_311 = 3401, 3480  # magic numbers from which code objects have a new shape
_OBJECT = -1
_SKIPPED = {ord(kind): size for kind, size in {"i": 4, "I": 8, "g": 8, "y": 16, "r": 4, **dict.fromkeys("0NFTS.", 0)}.items()}
_TEXTS, _LISTS = b"stuaAzZ", b")([<>"
_SHORT, _LONG = b"zZ)", b"stuaA([<>l"  # with one byte of length, with four


def is_pyc(data: bytes) -> bool:
    """Tell a compiled Python file of 3.7 or newer."""
    return data[2:4] == b"\r\n" and 3390 <= int.from_bytes(data[:2], "little") < 4200 and len(data) > 20


def pyc_texts(data: bytes) -> tuple[list[Span], bool]:
    """Return the places of the text constants, and whether the file reads to its end."""
    spans: list[Span] = []
    place, end = 16, len(data)
    code = tuple(reversed(_code(int.from_bytes(data[:2], "little"))))
    work = [_OBJECT]  # what follows: an object, or bytes to skip
    is_text, skipped, length = _TEXT.fullmatch, _SKIPPED.get, struct.Struct("<I").unpack_from
    for _ in range(_MOST):
        if not work:
            return spans, True
        todo = work.pop()
        if todo >= 0:
            place += todo
            continue
        if place >= end:
            return spans, False
        kind = data[place] & 0x7F
        place += 1
        skip = skipped(kind)
        if skip is not None:
            place += skip
            continue
        size = 0
        if kind in _SHORT:
            if place >= end:
                return spans, False
            size = data[place]
            place += 1
        elif kind in _LONG:
            if place + 4 > end:
                return spans, False
            (size,) = length(data, place)
            place += 4
        if kind in _TEXTS:
            if place + size > end:
                return spans, False
            if size >= 4 and is_text(data, place, place + size):
                spans.append((place, place + size))
            place += size
        elif kind in _LISTS:
            if size > end - place:
                return spans, False
            work.extend([_OBJECT] * size)
        elif kind == 0x63:  # c: a code object
            work.extend(code)
        elif kind == 0x6C:  # l: a large number, of so many digits of 15 bits
            place += 2 * abs(size - (1 << 32) if size >> 31 else size)
        elif kind == 0x66:  # f: a number as text
            place += 1 + data[place] if place < end else 1
        elif kind == 0x3A:  # ':', a slice
            work.extend([_OBJECT] * 3)
        else:
            return spans, False
        if len(work) > _MOST:
            return spans, False
    return spans, False


def _code(magic: int) -> list[int]:
    """Return what a code object is made of, in order."""
    if magic >= _CODE_311:
        return [20, *[_OBJECT] * 8, 4, _OBJECT, _OBJECT]
    return [24 if magic >= _CODE_38 else 20, *[_OBJECT] * 8, 4, _OBJECT]


def is_class(data: bytes) -> bool:
    """Tell a Java class; the same first bytes begin programs for two processors, whose second number is small."""
    return data.startswith(b"\xca\xfe\xba\xbe") and 45 <= int.from_bytes(data[6:8], "big") < 200


def class_texts(data: bytes) -> list[Span]:
    """Return the places of the constant pool's texts."""
    spans: list[Span] = []
    place = 10
    sizes = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
    index, count = 1, int.from_bytes(data[8:10], "big")
    while index < count and place < len(data):
        tag = data[place]
        place += 1
        if tag == 1:
            size = int.from_bytes(data[place : place + 2], "big")
            spans.append((place + 2, min(place + 2 + size, len(data))))
            place += 2 + size
        elif tag in sizes:
            place += sizes[tag]
            index += tag in (5, 6)
        else:
            break
        index += 1
    return [span for span in spans if span[1] - span[0] >= 4]


def dex_texts(data: bytes) -> list[Span]:
    """Return the places of the string table's texts."""
    count, table = int.from_bytes(data[56:60], "little"), int.from_bytes(data[60:64], "little")
    spans: list[Span] = []
    for index in range(min(count, len(data) // 4)):
        place = int.from_bytes(data[table + 4 * index : table + 4 * index + 4], "little")
        while place < len(data) and data[place] & 0x80:
            place += 1
        end = data.find(b"\0", place + 1, place + 65_536)
        if end - place >= 5:
            spans.append((place + 1, end))
    spans.sort()
    return spans
