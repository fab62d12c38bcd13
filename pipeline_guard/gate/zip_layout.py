# SPDX-License-Identifier: Apache-2.0
"""Zip files that two readers read differently (PKWARE APPNOTE 4.3): the directory at the end against the headers of the members."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator, Sequence

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_END = struct.Struct("<4sHHHHIIH")
_LOCAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x05\x06"
_DESCRIPTOR = 24  # bytes at most behind a member whose sizes were not known before it
_UNICODE_PATH = 0x7075
_WINDOWS = re.compile(r"[^/]*:[^/]*|[^/]*[^./ ][. ]+")
_LARGE = 0xFFFFFFFF


def faults(content: bytes, members: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    """Give every place where a reader from the front, one from the back, and one on Windows would differ."""
    yield from _end(content)
    at = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if any(_WINDOWS.fullmatch(part) for part in member.filename.split("/") if part):
            yield member.filename, "is another name on Windows"
        if member.header_offset < at:
            yield member.filename, "overlaps the member before it"
            continue
        if _LOCAL_MARK in content[at : member.header_offset]:
            yield "", f"holds a member before {member.filename[:80]} that its directory does not name"
        if len(content) < member.header_offset + _LOCAL.size:
            yield member.filename, "lies behind the end"
            return
        at = member.header_offset + _LOCAL.size
        yield from _header(content, member)
        mark, _, flags, _, _, _, _, _, _, name, extra = _LOCAL.unpack_from(content, member.header_offset)
        at += name + extra + member.compress_size
        if flags & 8 and mark == _LOCAL_MARK:
            at += next((size for size in (16, 12, _DESCRIPTOR, 20) if content[at + size : at + size + 2] == b"PK"), 0)
    start = content.rfind(b"PK\x01\x02", 0, max(content.rfind(_END_MARK), 0)) if members else len(content)
    if _LOCAL_MARK in content[at : _directory(content, start)]:
        yield "", "holds a member behind the last one that its directory does not name"


def _directory(content: bytes, otherwise: int) -> int:
    """Return where the directory begins."""
    end = content.rfind(_END_MARK)
    if end < 0 or len(content) < end + _END.size:
        return otherwise
    size = _END.unpack_from(content, end)[5]
    return max(end - int(size), 0) if size != _LARGE else otherwise


def _header(content: bytes, member: zipfile.ZipInfo) -> Iterator[tuple[str, str]]:
    mark, _, flags, method, _, _, checksum, packed, size, length, _ = _LOCAL.unpack_from(content, member.header_offset)
    begin = member.header_offset + _LOCAL.size
    name = content[begin : begin + length].decode("utf-8" if flags & 0x800 else "cp437", "replace")
    if mark != _LOCAL_MARK:
        yield member.filename, "has no header where the directory says"
        return
    if name != member.orig_filename or flags & 0x800 != member.flag_bits & 0x800:
        yield member.filename, f"is called {name[:80]} in its own header"
    if method != member.compress_type or (flags & 1) != (member.flag_bits & 1):
        yield member.filename, "is packed otherwise by its own header"
    known = not flags & 8 and _LARGE not in (packed, size)
    if known and (checksum, packed, size) != (member.CRC, member.compress_size, member.file_size):
        yield member.filename, "has another size or checksum in its own header"
    at = 0
    while at + 4 <= len(member.extra):
        kind, width = struct.unpack_from("<HH", member.extra, at)
        said = member.extra[at + 9 : at + 4 + width].decode("utf-8", "replace")
        if kind == _UNICODE_PATH and said != member.filename:
            yield member.filename, f"is called {said[:80]} in a field that some tools prefer"
        at += 4 + width


def _end(content: bytes) -> Iterator[tuple[str, str]]:
    """Give bytes behind the end of the directory, and a second end within the comment."""
    end = content.rfind(_END_MARK)
    if end < 0 or len(content) < end + _END.size:
        return
    comment = _END.unpack_from(content, end)[7]
    if end + _END.size + comment != len(content):
        yield "", "does not end where its directory says"
    before = content.rfind(_END_MARK, max(end - 0xFFFF - _END.size, 0), end)
    if before >= 0 and before + _END.size + _END.unpack_from(content, before)[7] == len(content):
        yield "", "has two directories: tools differ in which one they take"
