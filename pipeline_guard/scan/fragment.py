# SPDX-License-Identifier: Apache-2.0
"""The text pieces that rules read, each with the way back to the bytes as stored."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What lines and columns are counted in: the stored file, or a member of a container in it.

    ``extent`` is where a member's stored form lies in the file; None for the file itself.
    """

    data: bytes
    extent: Span | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text in UTF-8 or Latin-1 bytes. ``stored`` maps a span of it to the span of its page that encodes it.

    ``decoded_from`` names what was undone, outermost first. ``stored`` returns None for a span that runs over a seam:
    there the text is not one text. ``page`` None stands for the stored file itself.
    """

    data: bytes
    stored: Callable[[int, int], Span | None]
    decoded_from: str = ""
    page: Page | None = None


def as_is(start: int, end: int) -> Span:
    """Map a text that is stored as it reads."""
    return start, end


def shifted(by: int) -> Callable[[int, int], Span]:
    """Map a text that lies ``by`` bytes into its page."""
    return lambda start, end: (start + by, end + by)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page decoded: its text, and how spans of it lead back to the page (None: not at all)."""

    data: bytes
    stored: Callable[[int, int], Span | None]


SEAM = b"\n\0\n"  # no rule matches over it: not a space, not a word, and the end of a line


def joined(pieces: Sequence[Piece]) -> Piece:
    """Make one text of many, so that rules run once; a span over a seam leads nowhere."""
    if len(pieces) == 1:
        return pieces[0]
    starts: list[int] = []
    place = 0
    for piece in pieces:
        starts.append(place)
        place += len(piece.data) + len(SEAM)

    def stored(start: int, end: int) -> Span | None:
        index = bisect_right(starts, start) - 1
        piece = pieces[index]
        if end - starts[index] > len(piece.data):
            return None
        return piece.stored(start - starts[index], end - starts[index])

    return Piece(SEAM.join(piece.data for piece in pieces), stored)


class Runs:
    """Maps a text made of runs that stand as they are, each followed by ``gap`` bytes of its own."""

    def __init__(self, spans: Sequence[Span], gap: int, width: int = 1) -> None:
        self._spans = spans
        self._width = width  # stored bytes of one byte of text
        self._starts: list[int] = []
        place = 0
        for start, end in spans:
            self._starts.append(place)
            place += (end - start) // width + gap

    def __call__(self, start: int, end: int) -> Span | None:
        """Return the stored span, None over a seam."""
        index = bisect_right(self._starts, start) - 1
        first, last = self._spans[index]
        begin = first + (start - self._starts[index]) * self._width
        finish = first + (end - self._starts[index]) * self._width
        return (begin, finish) if finish <= last else None
