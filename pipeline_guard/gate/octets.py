# SPDX-License-Identifier: Apache-2.0
"""Bytes that may be larger than memory: ``bytes`` themselves, or a window on a file that is read page by page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, overload

_PAGE = 1024 * 1024
_KEPT = 16  # pages
LONGEST_SLICE = 64 * 1024 * 1024  # bytes that a window gives at once


class Octets(Protocol):
    """What the model readers need of ``bytes``."""

    def __len__(self) -> int:
        """Return the number of bytes."""
        ...

    @overload
    def __getitem__(self, at: int, /) -> int: ...
    @overload
    def __getitem__(self, at: slice, /) -> bytes: ...

    def find(self, wanted: bytes, start: int = 0, end: int = ..., /) -> int:
        """Return where ``wanted`` begins between ``start`` and ``end``, -1 where it does not."""
        ...

    def startswith(self, prefix: bytes | tuple[bytes, ...], start: int = 0, /) -> bool:
        """Tell whether the bytes from ``start`` begin so."""
        ...


class TooLong(Exception):
    """A piece was asked for that is longer than a window gives; the walk ends as undecidable."""


class Pages:
    """A file read in pages of 1 MiB, the last sixteen kept."""

    def __init__(self, size: int, read: Callable[[memoryview, int], int]) -> None:
        self.size = size
        self._read = read
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def page(self, number: int) -> bytes:
        """Return one page, shorter at the end of the file."""
        found = self._kept.get(number)
        if found is None:
            buffer = bytearray(min(_PAGE, max(self.size - number * _PAGE, 0)))
            count = self._read(memoryview(buffer), number * _PAGE)
            found = bytes(buffer[:count])
            self._kept[number] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def piece(self, begin: int, end: int) -> bytes:
        """Return the bytes from ``begin`` to ``end``. Raises TooLong."""
        if end - begin > LONGEST_SLICE:
            raise TooLong(f"a piece of {end - begin} bytes in a file that is too large to be held")
        first, last = begin // _PAGE, max(end - 1, begin) // _PAGE
        if first == last:
            return self.page(first)[begin - first * _PAGE : end - first * _PAGE]
        whole = b"".join(self.page(number) for number in range(first, last + 1))
        return whole[begin - first * _PAGE : end - first * _PAGE]


class Window:
    """Part of a paged file that behaves like ``bytes``; parts of it are windows again, without a copy."""

    def __init__(self, pages: Pages, begin: int = 0, end: int | None = None) -> None:
        self._pages = pages
        self._begin = begin
        self._end = pages.size if end is None else min(end, pages.size)
        self._page = b""
        self._low = 0

    def __len__(self) -> int:
        return max(self._end - self._begin, 0)

    @overload
    def __getitem__(self, at: int, /) -> int: ...
    @overload
    def __getitem__(self, at: slice, /) -> bytes: ...
    def __getitem__(self, at: int | slice, /) -> int | bytes:
        if isinstance(at, slice):
            begin, end, _ = at.indices(len(self))
            return self._pages.piece(self._begin + begin, self._begin + end) if end > begin else b""
        place = self._begin + at if at >= 0 else self._end + at
        if not self._begin <= place < self._end:
            raise IndexError(at)
        if not 0 <= place - self._low < len(self._page):
            self._low = place // _PAGE * _PAGE
            self._page = self._pages.page(place // _PAGE)
        return self._page[place - self._low]

    def part(self, begin: int, end: int) -> Window:
        """Return the bytes from ``begin`` to ``end`` as a window."""
        return Window(self._pages, self._begin + begin, min(self._begin + end, self._end))

    def find(self, wanted: bytes, start: int = 0, end: int = 2**63, /) -> int:
        """Return where ``wanted`` begins, page by page."""
        position, end = max(start, 0), min(end, len(self))
        while position + len(wanted) <= end:
            upper = min(position + _PAGE + len(wanted), end)
            found = self[position:upper].find(wanted)
            if found >= 0:
                return position + found
            position = upper - len(wanted) + 1
        return -1

    def startswith(self, prefix: bytes | tuple[bytes, ...], start: int = 0, /) -> bool:
        """Tell whether the bytes from ``start`` begin so."""
        longest = max(map(len, prefix)) if isinstance(prefix, tuple) else len(prefix)
        return self[start : start + longest].startswith(prefix)


def part_of(content: Octets, begin: int, end: int) -> Octets:
    """Return a part, a window where the whole is one."""
    return content.part(begin, end) if isinstance(content, Window) else content[begin:end]
