# SPDX-License-Identifier: Apache-2.0
"""LZ4 frames, as joblib writes them, decompressed in bounded memory. Formats: lz4_Frame_format.md 1.6, lz4_Block_format.md."""

from __future__ import annotations

_INDEPENDENT, _CHECKED, _SIZED, _CLOSED, _NAMED = 0x20, 0x10, 0x08, 0x04, 0x01
_REACH = 65_536  # bytes that a block may look back


class Lz4Decompressor:
    """One frame, fed in pieces like the decompressors of the standard library."""

    def __init__(self) -> None:
        self.eof = False
        self.unused_data = b""
        self._held = bytearray()
        self._flags = -1
        self._past = bytearray()

    def decompress(self, chunk: bytes, most: int = -1) -> bytes:
        """Return what the chunk completes. Raises ValueError for a broken frame, and where a block would give more than ``most``."""
        self._held += chunk
        given = bytearray()
        if self._flags < 0 and not self._header():
            return b""
        while len(self._held) >= 4:
            size = int.from_bytes(self._held[:4], "little")
            if size == 0:
                following = 4 + (4 if self._flags & _CLOSED else 0)
                if len(self._held) < following:
                    break
                self.eof, self.unused_data = True, bytes(self._held[following:])
                break
            raw, length = bool(size & 0x80000000), size & 0x7FFFFFFF
            if length > 8 * 1024 * 1024:
                raise ValueError("a block of more than 8 MiB")
            following = 4 + length + (4 if self._flags & _CHECKED else 0)
            if len(self._held) < following:
                break
            block = bytes(self._held[4 : 4 + length])
            del self._held[:following]
            past = bytearray() if self._flags & _INDEPENDENT else self._past
            plain = block if raw else _block(block, past, 8 * 1024 * 1024)
            given += plain
            self._past = (self._past + plain)[-_REACH:]
            if 0 <= most < len(given):
                break
        return bytes(given)

    def _header(self) -> bool:
        if len(self._held) < 7:
            return False
        flags = self._held[4]
        length = 7 + (8 if flags & _SIZED else 0) + (4 if flags & _NAMED else 0)
        if self._held[:4] != b"\x04\x22\x4d\x18" or flags >> 6 != 1 or flags & _NAMED:
            raise ValueError("no frame that is known")
        if len(self._held) < length:
            return False
        del self._held[:length]
        self._flags = flags
        return True


def _block(block: bytes, past: bytearray, most: int) -> bytes:
    out = bytearray(past)
    most += len(past)
    at, size = 0, len(block)
    while at < size:
        token = block[at]
        at += 1
        count = token >> 4
        if count == 15:
            at, count = _more(block, at, count)
        if at + count > size:
            raise ValueError("it ends within a block")
        out += block[at : at + count]
        at += count
        if at == size:
            break
        back = int.from_bytes(block[at : at + 2], "little")
        at += 2
        count = token & 15
        if count == 15:
            at, count = _more(block, at, count)
        count += 4
        if not 0 < back <= len(out) or len(out) + count > most:
            raise ValueError("a reference to nothing")
        begin = len(out) - back
        if count <= back:
            out += out[begin : begin + count]
        else:
            pattern = bytes(out[begin:])
            out += (pattern * (count // back + 1))[:count]
    return bytes(out[len(past) :])


def _more(block: bytes, at: int, count: int) -> tuple[int, int]:
    while True:
        if at >= len(block):
            raise ValueError("it ends within a block")
        count += block[at]
        at += 1
        if block[at - 1] != 255:
            return at, count
