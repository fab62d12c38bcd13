# SPDX-License-Identifier: Apache-2.0
"""Texts of SQLite databases read from their pages, so that columns are told apart; no database is opened.

What was deleted lies in free pages and between cells: the runs of text of the whole file are read besides.
Format: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

from pipeline_guard.scan.fragment import Span

MAGIC = b"SQLite format 3\0"
_MOST = 3_000_000  # columns
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x0A, 0x02


def texts(data: bytes) -> list[Span]:
    """Return the places of texts and blobs in the records of all pages, as far as they lie on their page."""
    size = int.from_bytes(data[16:18], "big")
    size = 65_536 if size == 1 else size
    if size < 512 or size & (size - 1):
        return []
    usable = size - data[20]
    spans: list[Span] = []
    left = _MOST
    for page in range(0, len(data), size):
        header = page + 100 if page == 0 else page
        kind = data[header] if header < len(data) else 0
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
            continue
        first = header + (12 if kind == _INDEX_INNER else 8)
        for index in range(int.from_bytes(data[header + 3 : header + 5], "big")):
            cell = page + int.from_bytes(data[first + 2 * index : first + 2 * index + 2], "big")
            if first + 2 * index >= page + size or left <= 0:
                break
            left = _record(data, cell, page + usable, kind, spans, left)
    return spans


def _record(data: bytes, place: int, end: int, kind: int, spans: list[Span], left: int) -> int:
    """Add the places of one record's texts; return how many columns may still be read."""
    end = min(end, len(data))
    place += 4 if kind == _INDEX_INNER else 0
    _, place = _number(data, place, end)
    if kind == _TABLE_LEAF:
        _, place = _number(data, place, end)
    size, types = _number(data, place, end)
    body = place + size
    if not 1 <= size <= 4096 * 8:
        return left - 1
    while types < place + size and body < end and left > 0:
        left -= 1
        serial, types = _number(data, types, end)
        if serial >= 12:
            length = (serial - 12) // 2
            if length >= 4:
                spans.append((body, min(body + length, end)))
            body += length
        else:
            body += (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[serial]
    return left - 1


def _number(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Read a varint of up to nine bytes, high bits first."""
    value = 0
    for index in range(9):
        if place >= end:
            return value, end
        byte = data[place]
        place += 1
        if index == 8:
            return value << 8 | byte, place
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, place
