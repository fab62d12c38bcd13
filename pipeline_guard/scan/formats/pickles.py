# SPDX-License-Identifier: Apache-2.0
"""Texts in pickles, never loading one: the opcodes are passed over by their lengths, those with a text give its place.

Opcodes and the forms of their arguments: CPython's Lib/pickletools.py. torch.save's files are zips of these, numpy's object
arrays hold one behind their header, joblib's have arrays between the opcodes, where the walk ends.
"""

from __future__ import annotations

from functools import lru_cache

from pipeline_guard.scan.fragment import Span

_MOST = 3_000_000  # opcodes
_TEXTS = frozenset(b"XTUBC\x8c\x8d\x8e\x96")
_LINE = -1
_LONGEST_BINARY = 1024 * 1024


@lru_cache(maxsize=1)
def _sizes() -> dict[int, int]:
    """Return for each opcode how many bytes follow: a number, -1 for a line (or two), -2 to -5 for a counted text."""
    import pickletools

    return {ord(op.code): (op.arg.n if op.arg else 0) for op in pickletools.opcodes}


def is_pickle(data: bytes) -> bool:
    """Tell a pickle by its protocol; one of protocol 0 or 1, which has no mark, by reading to its end."""
    if data[:1] == b"\x80":
        return data[1:2] in (b"\2", b"\3", b"\4", b"\5") and data[2:3] not in (b"", b"\0")
    return data[-1:] == b"." and data[:1] in (b"(", b"]", b"}", b"c", b"V", b"S", b"X", b"U") and _ends(data)


def _ends(data: bytes) -> bool:
    """Tell whether every byte belongs to an opcode: a text is hardly ever that."""
    return len(data) > 8 and texts(data)[1]


def texts(data: bytes, start: int = 0) -> tuple[list[Span], bool]:
    """Return the places of all texts and bytes, and whether the walk came to the end of the file."""
    sizes = _sizes()
    spans: list[Span] = []
    place, end = start, len(data)
    for _ in range(_MOST):
        if place >= end:
            return spans, place == end
        code = data[place]
        size = sizes.get(code)
        place += 1
        if size is None:
            return spans, False
        if size >= 0:
            place += size
        elif size == _LINE:
            for _line in range(2 if code in b"ci" else 1):
                begin, place = place, data.find(b"\n", place) + 1 or end + 1
            if code in b"VS" and place - begin > 6:
                spans.append((begin, place - 1) if code in b"V" else (begin + 1, place - 2))
        else:
            width = {-2: 1, -3: 4, -4: 4, -5: 8}[size]
            length = int.from_bytes(data[place : place + width], "little")
            place += width
            if place + length > end:
                return spans, False
            if code in _TEXTS and length >= 4 and not (length > _LONGEST_BINARY and b"\0" in data[place : place + 4096]):
                spans.append((place, place + length))
            place += length
    return spans, False


def array_start(data: bytes) -> int:
    """Return where the pickle of a numpy object array begins; -1 for every other file."""
    if not data.startswith(b"\x93NUMPY") or len(data) < 12:
        return -1
    wide = data[6] >= 2
    size = int.from_bytes(data[8 : 12 if wide else 10], "little")
    start = (12 if wide else 10) + size
    return start if b"'|O'" in data[:start][:4096] or b"'O'" in data[:start][:4096] else -1
