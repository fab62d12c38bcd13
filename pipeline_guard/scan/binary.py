# SPDX-License-Identifier: Apache-2.0
"""Files that are no text, read as the runs of text in them: programs, pictures, databases, anything unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pipeline_guard.scan.fragment import SEAM, Piece, Runs, Span

_RUN = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
_WIDE_RUN = re.compile(rb"(?:[\t\n\r\x20-\x7e]\0){8,}")
_BATCH = 20_000  # runs in one text: bounds what their places cost
_PREFIXED = 16  # bytes from which on a length before a text is looked for
HEAD = 64 * 1024  # read as it is: key stores and other formats are known by their first bytes


def text_of(data: bytes, spans: Sequence[Span], width: int = 1) -> Piece:
    """Make one text of the spans of a file, with seams between them."""
    return Piece(SEAM.join(data[start:end:width] for start, end in spans), Runs(spans, len(SEAM), width))


def batches(data: bytes, spans: Iterator[Span], width: int = 1) -> Iterator[Piece]:
    """Make texts of however many spans."""
    while batch := list(islice(spans, _BATCH)):
        yield text_of(data, batch, width)


def runs(data: bytes) -> Iterator[Piece]:
    """Give the texts of a binary file: runs of printable ASCII, and those of UTF-16."""
    yield from batches(data, _narrow(data))
    yield from batches(data, (match.span() for match in _WIDE_RUN.finditer(data)), 2)


def _narrow(data: bytes) -> Iterator[Span]:
    for match in _RUN.finditer(data):
        start, end = match.span()
        # NOTE: many formats store a text behind its length, and a length may look like a character
        length = data[start]
        if _PREFIXED <= length < end - start:
            yield start + 1, start + 1 + length
        yield start, end
