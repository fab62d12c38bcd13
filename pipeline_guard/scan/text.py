# SPDX-License-Identifier: Apache-2.0
"""Stored bytes to texts that rules can read, each with the way back to the offsets as stored."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan import notebook


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text in UTF-8 or Latin-1 bytes. ``stored`` maps a span of it to the span of the file that encodes it."""

    data: bytes
    stored: Callable[[int, int], tuple[int, int]]
    decoded_from: str = ""


def _as_is(start: int, end: int) -> tuple[int, int]:
    return start, end


def fragments(path: str, data: bytes) -> Iterator[Fragment | Unchecked]:
    """Give the texts of one file: what is encoded first, then the file itself without those parts."""
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2])
    if codec and data[:4] != b"\xff\xfe\0\0":
        yield _utf16(data, codec)
        return
    if path.lower().endswith(".ipynb"):
        cells = notebook.read(data)
        if cells is not None:
            texts, rest = cells
            for text in texts:
                yield Fragment(text.data, text.stored, "notebook")
            yield Fragment(rest, _as_is)
            return
    yield Fragment(data, _as_is)


def _utf16(data: bytes, codec: str) -> Fragment:
    text = data[2:].decode(codec, "replace").encode("utf-8", "replace")

    def stored(start: int, end: int) -> tuple[int, int]:
        before = 2 + len(text[:start].decode("utf-8", "replace").encode(codec))
        return before, before + len(text[start:end].decode("utf-8", "replace").encode(codec))

    return Fragment(text, stored, codec[:6])


class Lines:
    """Turns offsets of one stored file into lines and columns (from 1, in code points)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2], "") if data[:4] != b"\xff\xfe\0\0" else ""
        newline = "\n".encode(self._wide) if self._wide else b"\n"
        self._starts = [2 if self._wide else 3 if data[:3] == b"\xef\xbb\xbf" else 0]
        place = data.find(newline)
        while place >= 0:
            if not self._wide or place % 2 == 0:
                self._starts.append(place + len(newline))
            place = data.find(newline, place + (1 if self._wide and place % 2 else len(newline)))

    def text(self, line: int) -> bytes:
        """Return a line's bytes, b"" for lines that do not exist; at most 4 KiB."""
        if not 1 <= line <= len(self._starts):
            return b""
        end = self._starts[line] if line < len(self._starts) else len(self._data)
        start = self._starts[line - 1]
        return self._data[start : min(end, start + 4096)].replace(b"\0", b"") if self._wide else self._data[start : min(end, start + 4096)]

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a stored offset."""
        line = max(bisect_right(self._starts, offset), 1)
        head = self._data[self._starts[line - 1] : offset]
        try:
            return line, len(head.decode(self._wide or "utf-8")) + 1
        except UnicodeDecodeError:
            return line, len(head) + 1  # Latin-1: a byte is a character

    def location(self, path: str, span: tuple[int, int], commit: str = "") -> Location:
        """Return the location of a stored span; its end is exclusive in bytes and columns."""
        line, column = self.place(span[0])
        end_line, end_column = self.place(span[1])
        return Location(path, line, column, end_line, end_column, span[0], span[1], commit)
