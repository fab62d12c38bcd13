# SPDX-License-Identifier: Apache-2.0
"""Containers unpacked in bounded memory: zip, tar, gzip, zlib, bzip2, xz, LZMA and LZ4.

Loaders are more tolerant than strict readers, so what one would refuse is looked at all the same and then named
as ``Trouble``: wrong names, flags or checksums, members that no directory lists, encryption.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline_guard.gate.lz4 import Lz4Decompressor
from pipeline_guard.gate.octets import Octets, TooLong, part_of

MAX_UNPACKED = 512 * 1024 * 1024  # bytes of one file, all its containers together
_MOST_MEMBERS = 50_000
_MOST_UNLISTED = 64 * 1024 * 1024  # bytes of a member that no directory lists
_CHUNK = 16 * 1024
_PIECE = 1024 * 1024
_TAIL = 65_557  # bytes in which a zip archive's directory must end
_LOCAL = b"PK\x03\x04"
_HEADER = struct.Struct("<4s5H3I2H")  # APPNOTE.TXT 4.3.7, local file header
_LOCAL_SIZES = struct.Struct("<2I")  # 18 bytes into it: packed and plain
_ENCRYPTED = 0x1
_SIZE_FOLLOWS = 0x8
_IN_EXTRA = 0xFFFFFFFF  # sizes that stand in a field of ZIP64
_LISTED_ERRORS = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError, EOFError, IndexError, OSError)


@dataclass(frozen=True, slots=True)
class Part:
    """One member; ``name`` is "" where the container is a mere compression, ``unpacked`` the memory that it takes."""

    name: str
    content: Octets
    unpacked: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be unpacked, or not be trusted. Where not ``always``, it matters only to a file that should be a model."""

    why: str
    always: bool = True


def unpack(content: Octets, spent: int = 0) -> Iterator[Part | Trouble] | None:
    """Give the members of a container, None for anything else; ``spent`` is what was unpacked before. Never raises."""
    allowed = max(MAX_UNPACKED - spent, 0)
    if content.startswith((_LOCAL, b"PK\x05\x06")):
        return _zip(content, allowed)
    if _is_tar(content):
        return _tar(content, allowed)
    begin = _decompressor(content)
    if begin:
        return _compressed(content, begin, allowed)
    # some readers look for the directory at the end, whatever lies before it
    return _zip(content, allowed) if len(content) > 22 and content[-_TAIL:].find(b"PK\x05\x06") >= 0 else None


class _Stream(io.RawIOBase):
    """Octets as the file that zipfile and tarfile want."""

    def __init__(self, content: Octets) -> None:
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset + (0 if whence == 0 else self._at if whence == 1 else len(self._content))
        if self._at < 0:
            raise OSError("before the beginning")
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        piece = self._content[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _file(content: Octets) -> io.BufferedReader | io.BytesIO:
    return io.BytesIO(content) if isinstance(content, bytes) else io.BufferedReader(_Stream(content), 64 * 1024)


# --- zip


def _zip(content: Octets, allowed: int) -> Iterator[Part | Trouble]:
    entries: list[zipfile.ZipInfo] = []
    try:
        entries = zipfile.ZipFile(_file(content)).infolist()
    except (*_LISTED_ERRORS, TooLong):
        yield Trouble("a zip archive whose directory cannot be read", always=content.startswith(b"PK"))
    if len(entries) > _MOST_MEMBERS:
        yield Trouble(f"an archive of more than {_MOST_MEMBERS} members")
        return
    position = 0 if content.startswith(b"PK") else len(content)  # what lies before is another format
    stored = 2 * len(content) + _PIECE  # members that lie on each other must not cost more than they hold
    names: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.filename in names:
            yield Trouble(f"{entry.filename}: two members of this name", always=False)
        names.add(entry.filename)
        for found in [*_unlisted(content, position, entry.header_offset, allowed), *_member(content, entry, allowed, stored)]:
            if isinstance(found, Part):
                allowed -= found.unpacked
                stored -= 0 if found.unpacked else len(found.content)
            yield found
        position = max(position, entry.header_offset + _HEADER.size + entry.compress_size)
    yield from _unlisted(content, position, len(content), allowed)


def _member(content: Octets, entry: zipfile.ZipInfo, allowed: int, stored: int) -> Iterator[Part | Trouble]:
    """Give one listed member, read by its local header as loaders do, with every disagreement."""
    name = entry.filename
    header = _header(content, entry.header_offset)
    if header is None:
        yield Trouble(f"{name}: no member where the directory says")
        return
    flags, method, local_name, start = header
    sizes = _LOCAL_SIZES.unpack(content[entry.header_offset + 18 : entry.header_offset + 26])
    if local_name.rstrip(b"/") != entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace").rstrip(b"/"):
        yield Trouble(f"{name}: called otherwise in the directory")
    if (flags | entry.flag_bits) & _ENCRYPTED:
        yield Trouble(f"{name}: marked as encrypted")
    if method != entry.compress_type:
        yield Trouble(f"{name}: compressed otherwise than the directory says")
    if not flags & _SIZE_FOLLOWS and sizes not in ((entry.compress_size, entry.file_size), (_IN_EXTRA, _IN_EXTRA)):
        yield Trouble(f"{name}: of another size than the directory says")
    if start + entry.compress_size > len(content):
        yield Trouble(f"{name}: cut off")
    packed = part_of(content, start, start + entry.compress_size)
    if method == zipfile.ZIP_STORED:
        if len(packed) > stored:
            yield Trouble(f"{name}: members that lie on each other")
            return
        plain, why, unpacked = packed, "", 0
    else:
        plain, why = _inflate(packed, method, allowed)
        unpacked = len(plain)
    if why:
        yield Trouble(f"{name}: {why}")
    elif len(plain) != entry.file_size or _checksum(plain) != entry.CRC:
        yield Trouble(f"{name}: the checksum or size is wrong")
    if len(plain):
        yield Part(name, plain, unpacked)


def _checksum(plain: Octets) -> int:
    if isinstance(plain, bytes):
        return zlib.crc32(plain)
    found = 0
    for position in range(0, len(plain), _PIECE):
        found = zlib.crc32(plain[position : position + _PIECE], found)
    return found


def _unlisted(content: Octets, begin: int, end: int, allowed: int) -> Iterator[Part | Trouble]:
    """Give members in the gaps that the directory leaves: some readers find them."""
    position = content.find(_LOCAL, begin, end)
    found = 0
    while position >= 0:
        header = _header(content, position)
        if header is not None:
            _, method, local_name, start = header
            name = local_name.decode("utf-8", "replace")
            yield Trouble(f"{name}: a member that the directory does not list")
            following = content.find(b"PK", start, end) if method == zipfile.ZIP_STORED else end
            rest = part_of(content, start, min(following if following >= 0 else end, start + _MOST_UNLISTED))
            plain, _why = _inflate(rest, method, min(allowed, _MOST_UNLISTED))
            found += 1
            if plain:
                yield Part(name, plain, len(plain))
        if found > 100:
            return
        position = content.find(_LOCAL, position + 4, end)


def _header(content: Octets, offset: int) -> tuple[int, int, bytes, int] | None:
    """Return flags, method, name and the beginning of the data of a local header; None where there is none."""
    if offset < 0 or offset + _HEADER.size > len(content):
        return None
    fields = _HEADER.unpack(content[offset : offset + _HEADER.size])
    if fields[0] != _LOCAL:
        return None
    name_at = offset + _HEADER.size
    return fields[2], fields[3], content[name_at : name_at + fields[9]], name_at + fields[9] + fields[10]


def _inflate(packed: Octets, method: int, allowed: int) -> tuple[bytes, str]:
    """Return what a member holds as far as it can be read, and why not further."""
    if method == zipfile.ZIP_STORED:
        return (packed[:], "") if len(packed) <= allowed else (packed[:allowed], "larger than the gate unpacks")
    if method != zipfile.ZIP_DEFLATED:
        return b"", f"compressed by method {method}, which the gate cannot read"
    plain, why, rest = _drain(zlib.decompressobj(-15), packed, allowed)
    return plain, why or (f"{len(rest)} bytes after its end" if rest else "")


# --- tar


def _is_tar(content: Octets) -> bool:
    """Tell whether a file is a tar archive: by its mark, or, as before POSIX had one, by the checksum of its first header."""
    head = content[:512]
    if head[257:262] == b"ustar":
        return True
    digits = head[148:156].strip(b" \0")
    if len(head) < 512 or not 1 <= len(digits) <= 7 or not digits.isdigit() or any(digit > 55 for digit in digits):
        return False
    return int(digits, 8) == sum(head) - sum(head[148:156]) + 8 * 32


def _tar(content: Octets, allowed: int) -> Iterator[Part | Trouble]:
    import tarfile

    try:
        archive = tarfile.TarFile(fileobj=_file(content), errorlevel=2)
        for count, member in enumerate(archive):
            if count > _MOST_MEMBERS:
                yield Trouble(f"an archive of more than {_MOST_MEMBERS} members")
                return
            if not member.isreg():
                continue
            if not member.issparse():
                yield Part(member.name, part_of(content, member.offset_data, member.offset_data + member.size))
                continue
            stream = archive.extractfile(member)
            plain = stream.read(allowed + 1) if stream else b""
            if len(plain) > allowed:
                yield Trouble(f"{member.name}: larger than the gate unpacks")
                return
            allowed -= len(plain)
            yield Part(member.name, plain, len(plain))
    except (tarfile.TarError, *_LISTED_ERRORS, TooLong):
        yield Trouble("a tar archive that cannot be read to its end")


# --- compressions: what joblib.dump(compress=...) writes, and what else is common


def _decompressor(content: Octets) -> Callable[[], Any] | None:
    """Return how to begin a decompression, by the first bytes."""
    head = content[:6]
    if head.startswith(b"\x1f\x8b\x08"):
        return lambda: zlib.decompressobj(31)
    if head[:1] == b"\x78" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return lambda: zlib.decompressobj(15)
    if head.startswith(b"BZh"):
        import bz2

        return bz2.BZ2Decompressor
    if head == b"\xfd7zXZ\0" or head.startswith(b"\x5d\0"):
        import lzma

        return lambda: lzma.LZMADecompressor(memlimit=MAX_UNPACKED)
    return Lz4Decompressor if head.startswith(b"\x04\x22\x4d\x18") else None


def _compressed(content: Octets, begin: Callable[[], Any], allowed: int) -> Iterator[Part | Trouble]:
    """Give what a compressed stream, or several in a row, holds as far as it can be read."""
    pieces: list[bytes] = []
    rest, why = content, ""
    while len(rest) and not why:
        plain, why, following = _drain(begin(), rest, allowed)
        pieces.append(plain)
        allowed -= len(plain)
        rest = following.lstrip(b"\0")  # padding is legal
    whole = b"".join(pieces)
    if why:
        yield Trouble(why, always=False)
    if whole:
        yield Part("", whole, len(whole))


def _drain(decompressor: Any, packed: Octets, allowed: int) -> tuple[bytes, str, bytes]:
    """Return the plain bytes, why there are no more of them ("" at the proper end), and what follows the end."""
    import lzma

    errors = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
    pieces: list[bytes] = []
    position = 0
    while position < len(packed) and not decompressor.eof:
        chunk = packed[position : position + _CHUNK]
        saved = decompressor.copy() if hasattr(decompressor, "copy") else None
        try:
            piece = decompressor.decompress(chunk, allowed + 1)
        except errors:
            # a loader that reads on demand has seen everything up to the broken byte
            return b"".join([*pieces, _bytewise(saved, chunk, allowed)]), "compressed data that is broken", b""
        pieces.append(piece)
        allowed -= len(piece)
        if allowed < 0:
            return b"".join(pieces), "larger than the gate unpacks", b""
        position += len(chunk)
    if not decompressor.eof:
        return b"".join(pieces), "compressed data that is cut off", b""
    unused = decompressor.unused_data
    if position < len(packed) and len(packed) - position > MAX_UNPACKED:
        return b"".join(pieces), "too much follows its end", b""
    return b"".join(pieces), "", unused + packed[position:]


def _bytewise(decompressor: Any, chunk: bytes, allowed: int) -> bytes:
    pieces: list[bytes] = []
    for index in range(len(chunk) if decompressor else 0):
        try:
            pieces.append(decompressor.decompress(chunk[index : index + 1], max(allowed, 0) + 1))
        except zlib.error:
            break
        allowed -= len(pieces[-1])
        if allowed < 0:
            break
    return b"".join(pieces)
