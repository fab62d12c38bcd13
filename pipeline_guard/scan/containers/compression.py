# SPDX-License-Identifier: Apache-2.0
"""Compressed streams read in bounded memory: gzip, zlib, bzip2, xz, LZMA and, with its wheel, Zstandard."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from pipeline_guard.scan.containers.member import Budget
from pipeline_guard.scan.fragment import Span

_CHUNK = 64 * 1024
_MOST_STREAMS = 20_000
_MEMORY = 256 * 1024 * 1024  # for a decompressor's window


class Broken(Exception):
    """Carries why a stream cannot be read further."""


class Source:
    """Bytes read from front to end; ``place`` is how many were."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0
        self.direct = True  # what is read is what is stored

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end."""
        piece = self._data[self.place : self.place + size]
        self.place += len(piece)
        return piece

    def peek(self, size: int) -> bytes:
        """Return what ``read`` will give, up to ``size`` bytes."""
        return self._data[self.place : self.place + size]

    def skip(self, size: int) -> None:
        """Pass over bytes; beyond the end is the end."""
        self.place = min(self.place + size, len(self._data))


class Inflated(Source):
    """A stream decompressed as it is read; raises Broken where that goes no further, and at the limits."""

    def __init__(self, data: bytes, begin: Callable[[], Any], budget: Budget, *, span: Span | None = None, prefix: bytes = b"") -> None:
        """``span`` is where the packed bytes lie in ``data``; ``prefix`` comes before them."""
        super().__init__(data)
        self.direct = False
        self._begin = begin
        self._budget = budget
        self._engine: Any = begin()
        self._at, self._end = span or (0, len(data))
        self._streams = 1
        self._rest = prefix  # packed bytes that the engine has not taken
        self._ready = b""
        self._broken = ""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end; Broken is raised once what came before was given."""
        pieces: list[bytes] = []
        want = size
        while want > 0:
            if not self._ready and not self._more(want, given=bool(pieces)):
                break
            piece = self._ready[:want]
            self._ready = self._ready[len(piece) :]
            want -= len(piece)
            pieces.append(piece)
        self.place += size - want
        return b"".join(pieces)

    def peek(self, size: int) -> bytes:
        """Return what ``read`` will give, up to ``size`` bytes."""
        piece = self.read(size)
        self._ready = piece + self._ready
        self.place -= len(piece)
        return piece

    def skip(self, size: int) -> None:
        """Pass over bytes, which still have to be decompressed."""
        while size > 0 and (piece := self.read(min(size, 1 << 20))):
            size -= len(piece)

    def _more(self, want: int, *, given: bool) -> bool:
        if not self._broken:
            try:
                return self._fill(want)
            except Broken as broken:
                self._broken = str(broken)
        if given:
            return False
        raise Broken(self._broken)

    def _fill(self, want: int) -> bool:
        """Decompress a little more; False at the end."""
        while not self._ready:
            if self._engine.eof:
                self._at -= len(self._engine.unused_data)
                while self._at < self._end and not self._data[self._at]:
                    self._at += 1  # padding
                if self._at >= self._end:
                    return False
                self._streams += 1
                if self._streams > _MOST_STREAMS:
                    raise Broken(f"more than {_MOST_STREAMS} compressed streams in a row")
                self._engine = self._begin()  # one more stream: legal for gzip, bzip2 and xz
                self._rest = b""
            chunk = self._rest
            if not chunk and getattr(self._engine, "needs_input", True):
                chunk = self._data[self._at : min(self._at + _CHUNK, self._end)]
                self._at += len(chunk)
                if not chunk:
                    raise Broken("compressed data that is cut off")
            try:
                self._ready = self._engine.decompress(chunk, min(max(want, _CHUNK), 1 << 20))
            except Exception as error:
                if isinstance(error, MemoryError):
                    raise Broken("compressed with a window that is too large") from None
                if not _is_broken(error):
                    raise
                raise Broken("compressed data that is broken") from None
            self._rest = getattr(self._engine, "unconsumed_tail", b"")
            self._budget.spend(len(self._ready))
            if self._budget.unpacked > self._budget.limits.unpacked:
                raise Broken(f"more than {self._budget.limits.unpacked} bytes")
        return True


def _is_broken(error: Exception) -> bool:
    import lzma

    return isinstance(error, (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)) or type(error).__name__ == "ZstdError"


def engine(data: bytes) -> tuple[str, Callable[[], Any] | None] | None:
    """Name a compression by its first bytes, with how to begin it: None where the wheel for it is missing."""
    head = data[:6]
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip", lambda: zlib.decompressobj(31)
    if head.startswith(b"BZh") and data[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2", bzip2
    if head == b"\xfd7zXZ\0":
        return "xz", xz
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd", zstandard()
    if head[:1] == b"\x78" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda") and _is_zlib(data):
        return "zlib", lambda: zlib.decompressobj(15)
    return None


def _is_zlib(data: bytes) -> bool:
    """Tell zlib from a text that begins with x: two bytes are no proof."""
    try:
        engine = zlib.decompressobj(15)
        return len(engine.decompress(data[:4096], 256)) >= 64 or engine.eof
    except zlib.error:
        return False


def bzip2() -> Any:
    """Begin to read bzip2."""
    import bz2

    return bz2.BZ2Decompressor()


def xz() -> Any:
    """Begin to read xz or LZMA."""
    import lzma

    return lzma.LZMADecompressor(memlimit=_MEMORY)


class _Zstandard:
    """The wheel's engine with the shape of the standard library's; its output is not bounded by a call, its input is."""

    def __init__(self, begin: Any) -> None:
        self._engine = begin.decompressobj()
        self._ready = b""
        self._packed = b""

    @property
    def eof(self) -> bool:
        return bool(self._engine.eof) and not self._ready

    @property
    def unused_data(self) -> bytes:
        return bytes(self._engine.unused_data)

    @property
    def needs_input(self) -> bool:
        return not self._ready and not self._packed and not self._engine.eof

    def decompress(self, chunk: bytes, size: int) -> bytes:
        # NOTE: a block is at most 128 KiB and a kilobyte holds few of them, so that this stays bounded
        self._packed += chunk
        while not self._ready and self._packed and not self._engine.eof:
            some, self._packed = self._packed[:1024], self._packed[1024:]
            self._ready = self._engine.decompress(some)
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece


def zstandard() -> Callable[[], Any] | None:
    """Return how to begin to read Zstandard: by Python 3.14's own module or the wheel; None where neither is there."""
    try:
        from compression import zstd as own  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        return lambda: own.ZstdDecompressor(options={own.DecompressionParameter.window_log_max: 27})
    try:
        import zstandard as wheel  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    return lambda: _Zstandard(wheel.ZstdDecompressor(max_window_size=1 << 27))
