# SPDX-License-Identifier: Apache-2.0
"""The payload: STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015) over AES-256-GCM, in chunks of equal size.

The nonce of a chunk is its number (11 bytes) and whether it is the last (1 byte); a key belongs to one payload. So a chunk
opens in its place only, and no payload ends before its end. Buffers are made once and reused: memory does not depend on size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.sealed_file import Header
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Reading
from pipeline_guard.seal.header import payload_key

CHUNK = 512 * 1024  # bytes; measured by bench/seal.py: larger ones gain nothing, smaller ones cost system calls
TAG = 16
MOST_CHUNKS = 2**32  # with the largest chunk 2^54 bytes under one key, far below what GCM bears

Fill = Callable[[memoryview], int]  # fills the buffer, returns how many bytes; fewer than asked for only at the end
Write = Callable[[memoryview], None]


def seal_stream(key: Secret, chunk: int, fill: Fill, write: Write) -> None:
    """Encrypt what ``fill`` gives, chunk by chunk; raise UsageError where it is too much for one file.

    The key must be new: nothing else may ever have been encrypted under it. The counter lives here alone and only grows,
    so one call cannot use a nonce twice.
    """
    cipher = AESGCM(key.reveal())
    current, following = memoryview(bytearray(chunk)), memoryview(bytearray(chunk))
    sealed = memoryview(bytearray(chunk + TAG))
    filled = fill(current)
    for index in range(MOST_CHUNKS):
        more = fill(following) if filled == chunk else 0
        last = more == 0
        cipher.encrypt_into(_nonce(index, last=last), current[:filled], None, sealed[: filled + TAG])
        write(sealed[: filled + TAG])
        if last:
            return
        current, following, filled = following, current, more
    raise UsageError(f"more than {MOST_CHUNKS * chunk} bytes", "seal it in parts")


class SealedPayload:
    """The payload of an opened file. Its length is proven: the last chunk is checked before anything is given out."""

    def __init__(self, source: Reading, header: Header, data_key: Secret) -> None:
        self._source = source
        self._start = header.size
        self._chunk = header.layout.chunk
        self._cipher = AESGCM(payload_key(data_key, header.layout).reveal())
        self._sealed = memoryview(bytearray(self._chunk + TAG))
        self._plain = memoryview(bytearray(self._chunk))
        length = source.size() - header.size
        self._count = -(-length // (self._chunk + TAG))
        rest = length - (self._count - 1) * (self._chunk + TAG) - TAG  # plaintext bytes of the last chunk
        if not 1 <= self._count <= MOST_CHUNKS or rest < 0 or (rest == 0 and self._count > 1):
            raise _changed()
        self.size = (self._count - 1) * self._chunk + rest
        self._opened(self._count - 1)

    def chunks(self) -> Iterator[memoryview]:
        """Give the plaintext in order; each piece is overwritten by the next. Raises IntegrityError."""
        for index in range(self._count):
            yield self._opened(index)

    def read(self, offset: int, length: int) -> Iterator[memoryview]:
        """Give a part of the plaintext, touching its chunks alone; beyond the end there is nothing. Raises IntegrityError."""
        end = min(offset + length, self.size)
        for index in range(offset // self._chunk, -(-end // self._chunk)):
            begin = index * self._chunk
            yield self._opened(index)[max(offset - begin, 0) : end - begin]

    def _opened(self, index: int) -> memoryview:
        last = index == self._count - 1
        filled = self.size - index * self._chunk if last else self._chunk
        sealed = self._sealed[: filled + TAG]
        if self._source.read_into(sealed, self._start + index * (self._chunk + TAG)) != len(sealed):
            raise _changed()
        try:
            self._cipher.decrypt_into(_nonce(index, last=last), sealed, None, self._plain[:filled])
        except InvalidTag:
            raise _changed() from None
        return self._plain[:filled]


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _changed() -> IntegrityError:
    return IntegrityError("the sealed file was changed, cut or mixed", "take it from where it was sealed, or from a backup")
