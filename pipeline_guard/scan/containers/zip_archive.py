# SPDX-License-Identifier: Apache-2.0
"""Zip archives, and what is made like them: jar, whl, apk, docx, xlsx.

The directory is walked entry by entry, so that its size costs no memory; members that it leaves out, and what lies before
and behind the archive, are read too. Format: APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from pipeline_guard.scan.containers import compression
from pipeline_guard.scan.containers.compression import Broken, Inflated
from pipeline_guard.scan.containers.member import Budget, Member, Trouble

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")
_END_RECORD = struct.Struct("<4s4H2LH")
_ENCRYPTED = 0x1


def is_zip(data: bytes) -> bool:
    """Tell a zip archive by its beginning, or by an end record and a directory where it says: other data may stand before."""
    return data.startswith((_LOCAL, _END)) or (data.rfind(_END, max(len(data) - 66_000, 0)) >= 0 and _directory(data) is not None)


def members(data: bytes, budget: Budget) -> Iterator[Member | Trouble]:
    """Give every member, then what the directory does not list, then what lies around the archive."""
    directory = _directory(data)
    seen: list[tuple[int, int]] = []
    if directory is not None:
        place, shift = directory
        while data[place : place + 4] == _CENTRAL and place + _CENTRAL_HEADER.size <= len(data):
            fields = _CENTRAL_HEADER.unpack_from(data, place)
            name_at = place + _CENTRAL_HEADER.size
            raw, extra = data[name_at : name_at + fields[10]], data[name_at + fields[10] : name_at + fields[10] + fields[11]]
            packed, offset = _sizes(fields, extra)
            place = name_at + fields[10] + fields[11] + fields[12]
            if not budget.counts() or not budget.left:
                yield Trouble("", budget.why)
                return
            start = _start(data, offset + shift)
            if start is None:
                yield Trouble(_name(raw, fields[3]), "no member where the directory says")
                continue
            seen.append((offset + shift, start + packed))
            yield from _read(data, _name(raw, fields[3]), (fields[3], fields[4]), (start, start + packed), budget)
    else:
        yield Trouble("", "a zip archive without its directory: cut off?")
    yield from _rest(data, sorted(seen), budget)


def _directory(data: bytes) -> tuple[int, int] | None:
    """Return where the directory begins, and how far everything is shifted by what stands before the archive."""
    end = data.rfind(_END)
    if end < 0 or end + _END_RECORD.size > len(data):
        return None
    size, offset = _END_RECORD.unpack_from(data, end)[5:7]
    if offset == 0xFFFFFFFF or size == 0xFFFFFFFF:
        wide = data.rfind(b"PK\x06\x06", 0, end)
        if wide < 0 or wide + 56 > len(data):
            return None
        size, offset = struct.unpack_from("<QQ", data, wide + 40)
        end = wide
    place = end - size
    if place < 0 or (size and data[place : place + 4] != _CENTRAL):
        place = offset  # other data between the directory and its end record
        return (place, 0) if data[place : place + 4] == _CENTRAL else None
    return place, place - offset


def _sizes(fields: tuple[Any, ...], extra: bytes) -> tuple[int, int]:
    """Return packed size and offset, from the wide fields where the narrow ones are full."""
    packed, plain, offset = fields[8], fields[9], fields[16]
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            wide = [int.from_bytes(extra[at : at + 8], "little") for at in range(place + 4, min(place + 4 + size, len(extra)), 8)]
            if plain == 0xFFFFFFFF and wide:
                wide.pop(0)
            if packed == 0xFFFFFFFF and wide:
                packed = wide.pop(0)
            if offset == 0xFFFFFFFF and wide:
                offset = wide.pop(0)
        place += 4 + size
    return packed, offset


def _name(raw: bytes, flags: int) -> str:
    return raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")


def _start(data: bytes, offset: int) -> int | None:
    """Return where a member's data begins, by its local header."""
    if not 0 <= offset <= len(data) - _LOCAL_HEADER.size or data[offset : offset + 4] != _LOCAL:
        return None
    fields = _LOCAL_HEADER.unpack_from(data, offset)
    return offset + _LOCAL_HEADER.size + int(fields[9]) + int(fields[10])


def _read(data: bytes, name: str, how: tuple[int, int], span: tuple[int, int], budget: Budget) -> Iterator[Member | Trouble]:
    """Give one member; ``how`` are its flags and its method."""
    flags, method = how
    start, end = span
    if flags & _ENCRYPTED:
        yield Trouble(name, "encrypted")
        return
    if start == end:
        return
    if end > len(data):
        yield Trouble(name, "cut off")
        start, end = min(start, len(data)), len(data)
        if start == end:
            return
    if method == 0:
        why = budget.refuses(end - start, end - start)
        budget.spend(0 if why else end - start)
        yield Trouble(name, why) if why else Member(name, data[start:end], (start, end))
        return
    begin = _method(method)
    if begin is None:
        yield Trouble(name, f"compressed by method {method}: pip install zstandard" if method == 93 else f"compressed by method {method}")
        return
    prefix, first = b"", start
    if method == 14:  # LZMA with a header of its own: version, size of the properties, properties
        prefix, first = data[start + 4 : start + 9] + b"\xff" * 8, min(start + 9, end)
    plain, why = drained(Inflated(data, begin, budget, span=(first, end), prefix=prefix), end - start, budget)
    if why:
        yield Trouble(name, why)
    if plain:
        yield Member(name, plain, (start, end))


def drained(stream: Inflated, packed: int, budget: Budget) -> tuple[bytes, str]:
    """Return what a stream holds, as far as it may be held, and why there is no more."""
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := stream.read(1 << 20):
            pieces.append(piece)
            size += len(piece)
            why = budget.refuses(packed, size)
            if why and size > budget.limits.member:
                return b"", why
            if size > 16 * 1024 * 1024 and size > packed * budget.limits.ratio:
                return b"", f"more than {budget.limits.ratio} times larger than packed"
    except Broken as broken:
        return b"".join(pieces), str(broken)
    return b"".join(pieces), ""


def _method(method: int) -> Callable[[], Any] | None:
    if method == 8:
        return lambda: zlib.decompressobj(-15)
    if method == 12:
        return compression.bzip2
    if method == 14:
        return compression.xz
    return compression.zstandard() if method == 93 else None


def _rest(data: bytes, seen: list[tuple[int, int]], budget: Budget) -> Iterator[Member | Trouble]:
    """Give the members that no directory lists, and what stands before the first and behind the end record."""
    place = index = 0
    while (place := data.find(_LOCAL, place)) >= 0:
        while index < len(seen) and seen[index][1] <= place:
            index += 1
        if index < len(seen) and seen[index][0] <= place:
            place = max(seen[index][1], place + 4)
            continue
        start = _start(data, place)
        if start is not None and start <= len(data):
            fields = _LOCAL_HEADER.unpack_from(data, place)
            if not budget.counts() or not budget.left:
                yield Trouble("", budget.why)
                return
            following = data.find(b"PK", start)
            end = start + fields[7] if fields[7] and not fields[2] & 8 else following if following >= 0 else len(data)
            name = _name(data[place + _LOCAL_HEADER.size : place + _LOCAL_HEADER.size + fields[9]], fields[2])
            if fields[3] == 8 and (not fields[7] or fields[2] & 8):
                end = len(data)  # the stream knows its own end
            for found in _read(data, name, (fields[2], fields[3]), (start, min(end, len(data))), budget):
                if isinstance(found, Member) or seen == []:
                    yield found
        place += 4
    first = data.find(b"PK")
    if first > 0:
        yield Member("(before the archive)", data[:first], (0, first))
    last = data.rfind(_END)
    if last >= 0 and len(data) > last + _END_RECORD.size:
        yield Member("(behind the archive)", data[last + _END_RECORD.size :], (last + _END_RECORD.size, len(data)))
