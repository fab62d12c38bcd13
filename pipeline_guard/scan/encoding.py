# SPDX-License-Identifier: Apache-2.0
"""Which encoding a stored text has, told by its first bytes; and its text in UTF-8 with the way back."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from pipeline_guard.scan.fragment import Piece, Span

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec with the bytes of one unit, and how many bytes a mark at the beginning takes. "" is UTF-8 or Latin-1."""

    codec: str
    unit: int = 1
    mark: int = 0


def sniff(data: bytes) -> Encoding:
    """Tell the encoding by the byte order mark, or by where the zero bytes of the first 4 KiB lie."""
    head = data[:4]
    if head[:3] == codecs.BOM_UTF8:
        return Encoding("", 1, 3)
    if b"\0" not in data[:_SAMPLE] and head[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return Encoding("")
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, 4 if "32" in codec else 2, len(mark))
    sample = data[: min(len(data), _SAMPLE) & ~1]
    half = len(sample) // 2
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    # NOTE: a text of mostly ASCII has its zeros on one side only; binary files have them on both
    for zeros, other, text, codec in ((odd, even, sample[::2], "utf-16-le"), (even, odd, sample[1::2], "utf-16-be")):
        if half >= 8 and zeros * 10 >= half * 7 and other * 50 <= half and not _has_controls(text):
            return Encoding(codec, 2)
        if half >= 8 and zeros * 10 >= half and other * 50 <= half and _reads(sample, codec):
            return Encoding(codec, 2)
    return Encoding("")


def _reads(sample: bytes, codec: str) -> bool:
    """Tell whether a sample is text of another script, in which only spaces, signs and line ends have zeros."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)


def _has_controls(sample: bytes) -> bool:
    return len(sample.translate(None, bytes(range(1, 9)) + bytes(range(14, 27)) + bytes(range(28, 32)))) != len(sample)


def is_binary(data: bytes) -> bool:
    """Tell whether a file is no text, as git does: a zero byte in its first 8000."""
    return b"\0" in data[:8000]


def wide_text(data: bytes, encoding: Encoding) -> Piece:
    """Return a text of UTF-16 or UTF-32 in UTF-8; what is no character becomes a replacement character."""
    codec, mark = encoding.codec, encoding.mark
    text = data[mark:].decode(codec, "replace").encode("utf-8", "replace")
    last = [0, mark]  # findings come in order: each is counted from the one before

    def place(offset: int) -> int:
        if offset < last[0]:
            last[:] = [0, mark]
        between = text[last[0] : offset]
        if between.isascii():
            last[1] += len(between) * encoding.unit
        else:
            last[1] += len(between.decode("utf-8", "replace").encode(codec, "replace"))
        last[0] = offset
        return last[1]

    def stored(start: int, end: int) -> Span:
        return min(place(start), len(data)), min(place(end), len(data))  # a unit that is cut off became a character

    return Piece(text, stored)
