# SPDX-License-Identifier: Apache-2.0
"""Texts of compiled code: Python's .pyc, Java's .class, Android's .dex. Nothing is loaded.

Formats: CPython Python/marshal.c and Lib/importlib/_bootstrap_external.py; JVM specification chapter 4.4; Android "dex format".
"""

from __future__ import annotations

import re

from pipeline_guard.scan.fragment import Span

_MOST = 2_000_000  # objects
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{4,}")
_CODE_38, _CODE_311 = 3401, 3480  # magic numbers from which code objects have a new shape
_OBJECT = -1
_SKIPPED = {"i": 4, "I": 8, "g": 8, "y": 16, "r": 4, "0": 0, "N": 0, "F": 0, "T": 0, "S": 0, ".": 0}


def is_pyc(data: bytes) -> bool:
    """Tell a compiled Python file of 3.7 or newer."""
    return data[2:4] == b"\r\n" and 3390 <= int.from_bytes(data[:2], "little") < 4200 and len(data) > 20


def pyc_texts(data: bytes) -> tuple[list[Span], bool]:
    """Return the places of the text constants, and whether the file reads to its end."""
    magic = int.from_bytes(data[:2], "little")
    spans: list[Span] = []
    place, end = 16, len(data)
    work = [_OBJECT]  # what follows: an object, or bytes to skip
    for _ in range(_MOST):
        if not work:
            return spans, True
        todo = work.pop()
        if todo >= 0:
            place += todo
            continue
        if place >= end:
            return spans, False
        kind = chr(data[place] & 0x7F)
        place += 1
        if kind in _SKIPPED:
            place += _SKIPPED[kind]
            if kind == "0" and work and work[-1] <= -2:
                work.pop()  # the end of a mapping
        elif kind in "stuaAzZ":
            width = 1 if kind in "zZ" else 4
            size = int.from_bytes(data[place : place + width], "little")
            place += width
            if place + size > end:
                return spans, False
            if size >= 4 and _TEXT.fullmatch(data, place, place + size):
                spans.append((place, place + size))
            place += size
        elif kind == "l":
            place += 4 + 2 * abs(int.from_bytes(data[place : place + 4], "little", signed=True))
        elif kind == "f":
            place += 1 + data[place] if place < end else 1
        elif kind in ")([<>":
            width = 1 if kind == ")" else 4
            count = int.from_bytes(data[place : place + width], "little")
            place += width
            if count > end - place:
                return spans, False
            work.extend([_OBJECT] * count)
        elif kind == "c":
            work.extend(reversed(_code(magic)))
        elif kind == ":":
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
