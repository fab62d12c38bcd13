# SPDX-License-Identifier: Apache-2.0
"""7z archives: LZMA, LZMA2, deflate, bzip2 and stored, with branch filters; solid blocks are read once, in order.

Format: 7zFormat.txt of the LZMA SDK. A method that is not among these makes its members unchecked.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard.scan.containers import compression
from pipeline_guard.scan.containers.compression import Broken, Inflated, Source
from pipeline_guard.scan.containers.member import Budget, Member, Trouble
from pipeline_guard.scan.fragment import Span

_HEADER_LIMIT = 32 * 1024 * 1024
_WINDOW = 128 * 1024 * 1024
_MOST = 1_000_000  # numbers in a header
_AES = b"\x06\xf1\x07\x01"
# where lzma's own constants begin: FILTER_X86 and those after it
_BRANCHES = {
    b"\x03\x03\x01\x03": 4,
    b"\x03\x03\x02\x05": 5,
    b"\x03\x03\x04\x01": 6,
    b"\x03\x03\x05\x01": 7,
    b"\x03\x03\x07\x01": 8,
    b"\x03\x03\x08\x05": 9,
}


@dataclass(slots=True)
class _Folder:
    """One compressed stream: its coders (method, properties), how many packed streams it takes, sizes of what comes out."""

    coders: list[tuple[bytes, bytes]]
    packed: int
    outputs: int
    size: int = 0
    checked: bool = False
    parts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Streams:
    position: int = 0
    sizes: list[int] = field(default_factory=list)
    folders: list[_Folder] = field(default_factory=list)


def is_seven_zip(data: bytes) -> bool:
    """Tell a 7z archive."""
    return data.startswith(b"7z\xbc\xaf\x27\x1c")


def members(data: bytes, budget: Budget) -> Iterator[Member | Trouble]:
    """Give every member, in the order of the archive."""
    offset, size = int.from_bytes(data[12:20], "little"), int.from_bytes(data[20:28], "little")
    if 32 + offset + size > len(data) or size > _HEADER_LIMIT:
        yield Trouble("", "a 7z archive that is cut off")
        return
    try:
        header = data[32 + offset : 32 + offset + size]
        for _ in range(4):  # a header may be packed, even twice
            if header[:1] != b"\x17":
                break
            streams = _streams(_Numbers(header, 1))
            if not streams.folders or streams.folders[0].size > _HEADER_LIMIT:
                raise Broken("a 7z header that is too large")
            start = 32 + streams.position
            header = _stream(data, streams.folders[0], (start, start + sum(streams.sizes[:1])), budget).read(streams.folders[0].size)
        streams, names, empty = _header(header)
    except (Broken, IndexError) as broken:
        yield Trouble("", str(broken) if isinstance(broken, Broken) and str(broken) else "a 7z archive with a broken header")
        return
    filled = [name for index, name in enumerate(names) if index not in empty]
    yield from _members(data, streams, filled, budget)


def _members(data: bytes, streams: _Streams, names: list[str], budget: Budget) -> Iterator[Member | Trouble]:
    used = count = 0
    end = 32 + streams.position
    for folder in streams.folders:
        sizes, used = streams.sizes[used : used + folder.packed], used + folder.packed
        first, count = count, count + len(folder.parts)
        span = (end, end + sum(sizes))
        end = span[1]
        try:
            stream = _stream(data, folder, span, budget)
            for size in folder.parts:
                name = names[first] if first < len(names) else f"member {first + 1}"
                if not budget.counts():
                    yield Trouble("", f"more than {budget.limits.members} members")
                    return
                yield from _member(stream, name, size, span, budget)
                first += 1
        except Broken as broken:
            yield Trouble(names[first] if first < len(names) else "", str(broken))


def _member(stream: Source, name: str, size: int, span: Span, budget: Budget) -> Iterator[Member | Trouble]:
    why = budget.refuses(span[1] - span[0], size)
    if why:
        stream.skip(size)
        yield Trouble(name, why)
        return
    content = stream.read(size)
    if stream.direct:
        budget.spend(len(content))
    if len(content) < size:
        yield Trouble(name, "cut off")
    if content:
        yield Member(name, content, span)


def _stream(data: bytes, folder: _Folder, span: Span, budget: Budget) -> Source:
    """Begin to read one folder. Raises Broken for methods that are not read."""
    if folder.packed != 1:
        raise Broken("packed by several streams at once, which is not read")
    span = (min(span[0], len(data)), min(span[1], len(data)))
    methods = [method for method, _ in folder.coders]
    if _AES in methods:
        raise Broken("encrypted")
    if methods == [b"\0"]:
        return Source(data[slice(*span)])
    return Inflated(data, _engine(folder.coders), budget, span=span)


def _engine(coders: list[tuple[bytes, bytes]]) -> Callable[[], Any]:
    if len(coders) == 1 and coders[0][0] == b"\x04\x01\x08":
        return lambda: zlib.decompressobj(-15)
    if len(coders) == 1 and coders[0][0] == b"\x04\x02\x02":
        return compression.bzip2
    import lzma

    filters: list[dict[str, int]] = []
    for method, properties in coders:
        if method == b"\x21" and len(properties) == 1:
            bits = properties[0]
            size = 0xFFFFFFFF if bits >= 40 else (2 | bits & 1) << (bits // 2 + 11)
            filters.append({"id": lzma.FILTER_LZMA2, "dict_size": size})
        elif method == b"\x03\x01\x01" and len(properties) == 5 and properties[0] < 225:
            rest, lc = divmod(properties[0], 9)
            pb, lp = divmod(rest, 5)
            filters.append({"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": int.from_bytes(properties[1:5], "little")})
        elif method in _BRANCHES:
            filters.insert(0, {"id": _BRANCHES[method]})
        elif method == b"\x03" and len(properties) == 1:
            filters.insert(0, {"id": lzma.FILTER_DELTA, "dist": properties[0] + 1})
        else:
            raise Broken(f"packed by the method {method.hex()}, which is not read")
    if any(one.get("dict_size", 0) > _WINDOW for one in filters):
        raise Broken("compressed with a window that is too large")
    try:
        lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)
    except (lzma.LZMAError, ValueError):
        raise Broken("compressed data that is broken") from None
    return lambda: lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


class _Numbers:
    """A header read number by number; raises Broken or IndexError where it ends too early."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place
        self._left = _MOST

    def byte(self) -> int:
        value = self.data[self.place]
        self.place += 1
        self._left -= 1
        if self._left < 0:
            raise Broken("a 7z header that is too large")
        return value

    def number(self) -> int:
        first = self.byte()
        value, mask = 0, 0x80
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * index
            value |= self.byte() << 8 * index
            mask >>= 1
        return value

    def count(self) -> int:
        value = self.number()
        if value > _MOST:
            raise Broken("a 7z header that is too large")
        return value

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.place:
            raise Broken("a 7z archive with a broken header")
        self.place += size
        return self.data[self.place - size : self.place]

    def bits(self, count: int) -> list[bool]:
        content = self.take((count + 7) // 8)
        return [bool(content[index // 8] & 0x80 >> index % 8) for index in range(count)]

    def digests(self, count: int) -> list[bool]:
        """Pass over checksums; tell which of ``count`` there are."""
        defined = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(defined))
        return defined


def _header(header: bytes) -> tuple[_Streams, list[str], set[int]]:
    """Return streams, names, and the indices of files without content."""
    reader = _Numbers(header, 0)
    if reader.byte() != 1:
        raise Broken("a 7z archive with a broken header")
    streams, names, empty = _Streams(), list[str](), set[int]()
    while (kind := reader.byte()) != 0:
        if kind == 2:  # archive properties
            while reader.byte():
                reader.take(reader.number())
        elif kind == 3:
            _streams(reader)
        elif kind == 4:
            streams = _streams(reader)
        elif kind == 5:
            names, empty = _files(reader)
        else:
            raise Broken("a 7z archive with a broken header")
    return streams, names, empty


def _files(reader: _Numbers) -> tuple[list[str], set[int]]:
    count = reader.count()
    names: list[str] = []
    empty: set[int] = set()
    while (kind := reader.byte()) != 0:
        content = reader.take(reader.number())
        if kind == 0x11:
            names = content[1:].decode("utf-16-le", "replace").split("\0")[:count]
        elif kind == 0x0E:
            empty = {index for index, bit in enumerate(_Numbers(content, 0).bits(count)) if bit}
    return names, empty


def _streams(reader: _Numbers) -> _Streams:
    found = _Streams()
    while (kind := reader.byte()) != 0:
        if kind == 6:
            found.position = reader.number()
            count = reader.count()
            while (inner := reader.byte()) != 0:
                if inner == 9:
                    found.sizes = [reader.number() for _ in range(count)]
                elif inner == 10:
                    reader.digests(count)
        elif kind == 7:
            _folders(reader, found)
        elif kind == 8:
            _parts(reader, found.folders)
        else:
            raise Broken("a 7z archive with a broken header")
    return found


def _folders(reader: _Numbers, found: _Streams) -> None:
    while (kind := reader.byte()) != 0:
        if kind == 11:
            count = reader.count()
            reader.byte()
            found.folders = [_folder(reader) for _ in range(count)]
        elif kind == 12:
            for folder in found.folders:  # one part each, unless the next section says otherwise
                sizes = [reader.number() for _ in range(folder.outputs)]
                folder.size = max(sizes, default=0)
                folder.parts = [folder.size]
        elif kind == 10:
            for folder, checked in zip(found.folders, reader.digests(len(found.folders)), strict=True):
                folder.checked = checked


def _folder(reader: _Numbers) -> _Folder:
    coders: list[tuple[bytes, bytes]] = []
    inputs = outputs = 0
    for _ in range(min(reader.count(), 32)):
        flags = reader.byte()
        method = reader.take(flags & 15)
        more = (reader.count(), reader.count()) if flags & 16 else (1, 1)
        inputs, outputs = inputs + more[0], outputs + more[1]
        coders.append((method, reader.take(reader.number()) if flags & 32 else b""))
    for _ in range(outputs - 1):
        reader.number(), reader.number()
    packed = inputs - max(outputs - 1, 0)
    for _ in range(packed if packed > 1 else 0):
        reader.number()
    return _Folder(coders, packed, outputs)


def _parts(reader: _Numbers, folders: list[_Folder]) -> None:
    counts = [1] * len(folders)
    kind = reader.byte()
    if kind == 13:
        counts = [reader.count() for _ in folders]
        kind = reader.byte()
    told = kind == 9
    for folder, count in zip(folders, counts, strict=True):
        sizes = [reader.number() for _ in range(count - 1)] if told else []
        folder.parts = [*sizes, max(folder.size - sum(sizes), 0)] if count else []
    if told:
        kind = reader.byte()
    while kind != 0:
        if kind == 10:  # of what has no checksum yet
            reader.digests(sum(count for folder, count in zip(folders, counts, strict=True) if count != 1 or not folder.checked))
        kind = reader.byte()
