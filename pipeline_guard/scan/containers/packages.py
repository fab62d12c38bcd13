# SPDX-License-Identifier: Apache-2.0
"""What Unix packages are made of: ar (deb), cpio in its portable forms, and rpm around it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from pipeline_guard.scan.containers.compression import Broken, Source
from pipeline_guard.scan.containers.member import Budget, Member, Trouble

_RPM_HEADER = b"\x8e\xad\xe8\x01"


def is_ar(data: bytes) -> bool:
    """Tell an ar archive."""
    return data.startswith(b"!<arch>\n")


def ar_members(data: bytes, budget: Budget) -> Iterator[Member | Trouble]:
    """Give every member of an ar archive (System V and GNU names)."""
    place = 8
    while place + 60 <= len(data):
        header = data[place : place + 60]
        digits = header[48:58].strip()
        if header[58:60] != b"`\n" or not digits.isdigit():
            yield Trouble("", "an ar archive with a broken header")
            return
        start, size = place + 60, int(digits)
        name = header[:16].rstrip(b" /").decode("utf-8", "replace")
        if not budget.counts():
            yield Trouble("", f"more than {budget.limits.members} members")
            return
        why = budget.refuses(size, size)
        if start + size > len(data):
            yield Trouble(name, "cut off")
        if why:
            yield Trouble(name, why)
        elif size:
            budget.spend(size)
            yield Member(name, data[start : start + size], (start, min(start + size, len(data))))
        place = start + size + size % 2


def is_cpio(head: bytes) -> bool:
    """Tell a cpio archive in a form with printable numbers."""
    return (
        head.startswith((b"070701", b"070702", b"070707"))
        and re.fullmatch(rb"[0-9A-Fa-f]{70,}", head[:76].ljust(76, b"x")[:70]) is not None
    )


def cpio_members(source: Source, budget: Budget) -> Iterator[Member | Trouble]:
    """Give every regular file of a cpio archive (new ASCII, with or without checksum, and old ASCII)."""
    try:
        while magic := source.read(6):
            found = _cpio_header(magic, source)
            if found is None:
                if magic.strip(b"\0"):
                    yield Trouble("", "a cpio archive with a broken header")
                return
            name, mode, size, padding = found
            if name == "TRAILER!!!":
                return
            if mode & 0o170000 != 0o100000 or not size:
                source.skip(size + padding)
                continue
            if not budget.counts():
                yield Trouble("", f"more than {budget.limits.members} members")
                return
            if size > budget.limits.member:
                source.skip(size + padding)
                yield Trouble(name, f"larger than {budget.limits.member} bytes")
                continue
            start = source.place
            content = source.read(size)
            if source.direct:
                budget.spend(size)
            if len(content) < size:
                yield Trouble(name, "cut off")
            if budget.unpacked > budget.limits.unpacked:
                raise Broken(f"more than {budget.limits.unpacked} bytes")
            yield Member(name, content, (start, start + len(content)) if source.direct else None)
            source.skip(padding)
    except Broken as broken:
        yield Trouble("", str(broken))


def _cpio_header(magic: bytes, source: Source) -> tuple[str, int, int, int] | None:
    """Return name, mode, size, and the padding behind the content."""
    if magic == b"070707":
        fields = source.read(70)
        if not re.fullmatch(rb"[0-7]{70}", fields):
            return None
        mode, length, size = int(fields[12:18], 8), int(fields[53:59], 8), int(fields[59:70], 8)
        if length > 65_536:
            return None
        return source.read(length).rstrip(b"\0").decode("utf-8", "replace"), mode, size, 0
    fields = source.read(104)
    if magic not in (b"070701", b"070702") or not re.fullmatch(rb"[0-9A-Fa-f]{104}", fields):
        return None
    numbers = [int(fields[at : at + 8], 16) for at in range(0, 104, 8)]
    if numbers[11] > 65_536:
        return None
    name = source.read(numbers[11]).rstrip(b"\0").decode("utf-8", "replace")
    source.skip(-(110 + numbers[11]) % 4)
    return name, numbers[1], numbers[6], -numbers[6] % 4


def rpm_payload(data: bytes) -> int:
    """Return where an rpm package's compressed payload begins; -1 where this is none."""
    if not data.startswith(b"\xed\xab\xee\xdb"):
        return -1
    place = 96
    for align in (8, 1):  # the signature, then the header
        if data[place : place + 4] != _RPM_HEADER or place + 16 > len(data):
            return -1
        count, size = struct.unpack_from(">LL", data, place + 8)
        place += 16 + 16 * count + size
        place += -place % align
    return place if place < len(data) else -1
