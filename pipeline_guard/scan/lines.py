# SPDX-License-Identifier: Apache-2.0
"""Offsets of one stored text as lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

from pipeline_guard.model.location import Location
from pipeline_guard.scan.encoding import sniff
from pipeline_guard.scan.fragment import Span

_CONTINUATION = bytes(range(0x80, 0xC0))


class Lines:
    """Turns offsets into lines and columns (from 1, in code points). Near linear for offsets that ascend."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        encoding = sniff(data)
        self._codec, self._unit = encoding.codec, encoding.unit
        # old Macintosh texts end their lines with a carriage return alone
        newline = b"\r" if not self._codec and b"\r" in data and b"\n" not in data else b"\n"
        self._starts = [encoding.mark]
        if self._codec:
            wide = re.compile(b"(?=" + re.escape("\n".encode(self._codec)) + b")")
            self._starts += [place.start() + self._unit for place in wide.finditer(data) if place.start() % self._unit == 0]
        else:
            self._starts += [place.end() for place in re.finditer(newline, data)]
        self._line = 0  # of the last place asked for: its kind, and an offset with its column
        self._kind = ""
        self._known = (0, 1)

    def text(self, line: int) -> bytes:
        """Return a line's bytes, b"" for lines that do not exist; at most 4 KiB."""
        if not 1 <= line <= len(self._starts):
            return b""
        start, end = self._bounds(line)
        text = self._data[start : min(end, start + 4096)]
        return text.replace(b"\0", b"") if self._codec else text

    def _bounds(self, line: int) -> Span:
        return self._starts[line - 1], self._starts[line] if line < len(self._starts) else len(self._data)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a stored offset."""
        line = max(bisect_right(self._starts, offset), 1)
        start, end = self._bounds(line)
        if line != self._line:
            self._line, self._kind, self._known = line, self._kind_of(self._data[start:end]), (start, 1)
        known, column = self._known
        if offset < known:
            known, column = start, 1
        column += self._count(self._data[known:offset]) if offset > known else 0
        self._known = (offset, column)
        return line, column

    def _kind_of(self, line: bytes) -> str:
        """Tell how a line's characters are counted: a line that is no UTF-8 is Latin-1, a byte a character."""
        if self._codec:
            return self._codec
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return ""
        return "" if line.isascii() else "utf-8"

    def _count(self, head: bytes) -> int:
        if not self._kind:
            return len(head)
        if self._kind == "utf-8":
            return len(head.translate(None, _CONTINUATION))
        return len(head.decode(self._kind, "ignore"))

    def location(self, path: str, span: Span, commit: str = "") -> Location:
        """Return the location of a stored span; its end is exclusive in bytes and columns."""
        line, column = self.place(span[0])
        end_line, end_column = self.place(span[1])
        return Location(path, line, column, end_line, end_column, span[0], span[1], commit)
