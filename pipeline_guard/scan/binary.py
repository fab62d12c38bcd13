# SPDX-License-Identifier: Apache-2.0
"""Files that are no text, read for the text in them: programs, pictures, databases, anything unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pipeline_guard.scan import plausible
from pipeline_guard.scan.fragment import SEAM, Piece, Runs, Span, as_is

_TO_LINES = bytes(byte if 32 <= byte < 127 or byte in b"\t\r" else 10 for byte in range(256))
_KINDS = b"".join(b"0" if byte == 0 else b"t" if 32 <= byte < 127 or byte in b"\t\n\r" else b"-" for byte in range(256))
_WIDE_RUN = b"t0" * 8
_WIDE_MORE = re.compile(rb"(?:t0){1,4096}")  # the bound is one of memory: a longer run is continued
_LINE = re.compile(rb"[^\n]{17,}")
_BATCH = 20_000  # runs in one text: bounds what their places cost
_SMALL = 1024 * 1024  # bytes; in larger files, which are mostly programs, texts end in zero and have no length before them
HEAD = 64 * 1024  # read as it is: key stores and other formats are known by their first bytes


def text_of(data: bytes, spans: Sequence[Span], width: int = 1) -> Piece:
    """Make one text of the spans of a file, with seams between them."""
    return Piece(SEAM.join(data[start:end:width] for start, end in spans), Runs(spans, len(SEAM), width))


def batches(data: bytes, spans: Iterator[Span], width: int = 1) -> Iterator[Piece]:
    """Make texts of however many spans."""
    while batch := list(islice(spans, _BATCH)):
        yield text_of(data, batch, width)


def texts(data: bytes) -> Iterator[Piece]:
    """Give a binary file with every byte that is no text as the end of a line; then its texts in UTF-16."""
    lines = data.translate(_TO_LINES)
    yield Piece(lines, as_is)
    if len(data) <= _SMALL:
        yield from batches(data, _prefixed(data, lines))
    if plausible.has_wide(data):
        yield from batches(data, _wide(data), 2)


def _wide(data: bytes) -> Iterator[Span]:
    """Give texts in UTF-16, little end first. Looking for a text of kinds is ten times quicker than for an expression."""
    kinds = data.translate(_KINDS)
    start = kinds.find(_WIDE_RUN)
    while start >= 0:
        place = start + len(_WIDE_RUN)
        while more := _WIDE_MORE.match(kinds, place):
            place = more.end()
        yield start, place
        start = kinds.find(_WIDE_RUN, place)


def _prefixed(data: bytes, lines: bytes) -> Iterator[Span]:
    """Give texts that stand behind their length: it may look like a character of theirs, and so may what follows them."""
    for match in _LINE.finditer(lines):
        start, end = match.span()
        length = data[start]
        if 16 <= length < end - start:
            yield start + 1, start + 1 + length
