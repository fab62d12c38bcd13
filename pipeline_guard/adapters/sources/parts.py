# SPDX-License-Identifier: Apache-2.0
"""Large texts, read one part after the other, so that memory stays bounded however long they are.

Each part shows what stands around it, too: a secret on the border belongs to the part in which it begins, and is seen whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pipeline_guard.model.entry import Entry, Part

PART = 16 * 1024 * 1024  # bytes
AROUND = 128 * 1024  # bytes on either side; no rule looks farther than half of it
TIMES = 64  # so many times the limit for what is read at once is the limit for texts
HEAD = 8000  # bytes in which git looks for a zero to tell that a file is no text


def is_divisible(size: int, limit: int, head: bytes) -> bool:
    """Tell whether a file over the limit can be read in parts: text of single bytes, and a limit that leaves room for a part."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return PART <= limit < size <= TIMES * limit and b"\0" not in head[:HEAD] and not wide


def divided(entry: Entry, read: Callable[[int], bytes]) -> Iterator[Entry]:
    """Give the parts of a text as entries like ``entry``, whose data is its beginning; ``read`` gives what follows, b"" at the end."""
    data = entry.data + _full(read, PART + AROUND - len(entry.data))
    newline = b"\r" if b"\n" not in data and b"\r" in data else b"\n"
    offset = line = column = start = 0
    while True:
        last = len(data) < start + PART + AROUND  # read gave less than was asked for
        end = len(data) if last else _cut(data, len(data) - AROUND, start + PART // 2, newline)
        shown = data if last else data[: _character(data, len(data) - 1)]  # half a character would make Latin-1 of its line
        yield replace(entry, data=shown, part=Part(offset, line, column, (start, end)))
        if last:
            return
        begin = data.find(newline, end - AROUND, end - AROUND // 2) + 1 or _character(data, end - AROUND)
        before = data.count(newline, 0, begin)
        open_line = data[data.rfind(newline, 0, begin) + 1 : begin]
        column = sum(byte & 0xC0 != 0x80 for byte in open_line) + (0 if before else column)
        line += before
        offset += begin
        start = end - begin
        data = data[begin:]
        data += _full(read, start + PART + AROUND - len(data))


def _cut(data: bytes, before: int, least: int, newline: bytes) -> int:
    """Return where a part ends: behind a line, else between two characters."""
    return data.rfind(newline, least, before) + 1 or _character(data, before)


def _character(data: bytes, place: int) -> int:
    """Return the beginning of the character of UTF-8 at a place, as far as there is one."""
    return next((at for at in range(place, max(place - 4, 0), -1) if data[at] & 0xC0 != 0x80), place)


def _full(read: Callable[[int], bytes], size: int) -> bytes:
    """Read so many bytes, fewer only at the end."""
    found = bytearray()
    while len(found) < size and (block := read(size - len(found))):
        found += block
    return bytes(found)
