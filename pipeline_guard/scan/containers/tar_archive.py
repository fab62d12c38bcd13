# SPDX-License-Identifier: Apache-2.0
"""Tar archives from any stream: old, ustar, GNU and pax headers; a member at a time in memory.

Format: POSIX.1-2017 pax, and the GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.scan.containers.compression import Broken, Source
from pipeline_guard.scan.containers.member import Budget, Member, Trouble

_BLOCK = 512
_LONGEST = 1024 * 1024  # of a header that carries a long name


def is_tar(head: bytes) -> bool:
    """Tell a tar archive by the checksum of its first header."""
    if len(head) < _BLOCK or head[:1] == b"\0" or head[124:125] not in b"01234567 \x80":
        return False
    told = _number(head[148:156])
    return told > 0 and told == _checksum(head[:_BLOCK])


def _checksum(header: bytes) -> int:
    return sum(header) - sum(header[148:156]) + 8 * 32


def _number(field: bytes) -> int:
    """Read octal digits, or GNU's base 256; -1 for anything else."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    return int(text, 8) if re.fullmatch(rb"[0-7]{1,12}", text) else -1 if text else 0


def members(source: Source, budget: Budget) -> Iterator[Member | Trouble]:
    """Give every regular file."""
    name = ""
    try:
        while len(header := source.read(_BLOCK)) == _BLOCK:
            if header.count(0) == _BLOCK:
                continue  # the end, or what archives glued together have between them
            size = _number(header[124:136])
            if _number(header[148:156]) != _checksum(header) or size < 0:
                yield Trouble("", "a tar archive with a broken header")
                return
            kind = header[156:157]
            padding = -size % _BLOCK
            if kind in b"LKxgX" and kind:
                content = source.read(min(size, _LONGEST))
                source.skip(size - len(content) + padding)
                name = _long_name(kind, content) or name
                continue
            shown, name = name or _short_name(header), ""
            if kind not in (b"0", b"\0", b"7", b"S") or not size or shown.endswith("/"):
                source.skip(size + padding if kind in (b"0", b"\0", b"7", b"S") else 0)
                continue
            if not budget.counts():
                yield Trouble("", f"more than {budget.limits.members} members")
                return
            yield _member(source, shown, size, budget)
            source.skip(padding)
        if header:
            yield Trouble("", "a tar archive that is cut off")
    except Broken as broken:
        yield Trouble("", str(broken))


def _member(source: Source, name: str, size: int, budget: Budget) -> Member | Trouble:
    start = source.place
    if size > budget.limits.member:
        source.skip(size)
        return Trouble(name, f"larger than {budget.limits.member} bytes")
    content = source.read(size)
    if source.direct:
        budget.spend(size)
        if not budget.left:
            raise Broken(f"more than {budget.limits.unpacked} bytes")
    if len(content) < size:
        raise Broken(f"a tar archive that is cut off in {name}")
    return Member(name, content, (start, start + size) if source.direct else None)


def _short_name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "backslashreplace")


def _long_name(kind: bytes, content: bytes) -> str:
    if kind == b"L":
        return content.rstrip(b"\0").decode("utf-8", "backslashreplace")
    found = re.search(rb"(?:^|\n)\d+ path=([^\n]+)\n", content) if kind in (b"x", b"X") else None
    return found[1].decode("utf-8", "backslashreplace") if found else ""
