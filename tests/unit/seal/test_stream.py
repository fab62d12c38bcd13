# SPDX-License-Identifier: Apache-2.0
"""The payload: chunks open in their place only, its end is proven first, and a part touches its chunks alone."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.sealed_file import Header, Layout, SealedKind
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.header import payload_key
from pipeline_guard.seal.source import FileSource
from pipeline_guard.seal.stream import TAG, SealedPayload, seal_stream
from tests.fakes.sealing import MemoryReading

CHUNK = 4096
STEP = CHUNK + TAG
DATA_KEY = Secret(bytes(range(32)))
LAYOUT = Layout(SealedKind.FILE, CHUNK, bytes(32))
HEADER = Header(LAYOUT, (), 7)
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1, 3 * CHUNK, 3 * CHUNK + 1)


def closed(plain: bytes) -> bytes:
    """Return seven bytes in place of a header, and the payload."""
    out = bytearray(b"7 bytes")
    seal_stream(payload_key(DATA_KEY, LAYOUT), CHUNK, FileSource(MemoryReading(plain)).fill, out.extend)
    return bytes(out)


def payload(content: bytes) -> SealedPayload:
    return SealedPayload(MemoryReading(content), HEADER, DATA_KEY)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_around_a_chunk_comes_back(size: int) -> None:
    plain = os.urandom(size)
    sealed = closed(plain)
    assert len(sealed) == 7 + size + TAG * max(1, -(-size // CHUNK))
    opened = payload(sealed)
    assert opened.size == size
    assert b"".join(map(bytes, opened.chunks())) == plain


def test_chunks_are_what_the_format_says() -> None:
    plain = os.urandom(2 * CHUNK)
    cipher = AESGCM(payload_key(DATA_KEY, LAYOUT).reveal())
    first = cipher.encrypt(bytes(12), plain[:CHUNK], b"")
    second = cipher.encrypt(bytes(10) + b"\x01\x01", plain[CHUNK:], b"")
    assert closed(plain) == b"7 bytes" + first + second


@pytest.mark.parametrize("size", SIZES)
def test_cut_at_every_border_and_beside_it_is_noticed_before_anything_is_given_out(size: int) -> None:
    sealed = closed(os.urandom(size))
    borders = {7 + index * STEP + around for index in range(5) for around in (-1, 0, 1, TAG - 1, TAG, TAG + 1)}
    for length in sorted(length for length in borders if 0 <= length < len(sealed)):
        with pytest.raises(IntegrityError):
            payload(sealed[:length])


@pytest.mark.parametrize("size", SIZES)
def test_anything_behind_the_end_is_noticed(size: int) -> None:
    sealed = closed(os.urandom(size))
    for more in (b"\0", bytes(TAG), bytes(STEP), sealed[7:], sealed[-STEP:]):
        with pytest.raises(IntegrityError):
            payload(sealed + more)


def test_swapped_doubled_missing_and_foreign_chunks_do_not_open() -> None:
    sealed, other = closed(os.urandom(4 * CHUNK)), closed(os.urandom(4 * CHUNK))
    foreign = bytearray(b"7 bytes")
    another = Layout(SealedKind.FILE, CHUNK, bytes(31) + b"\x01")
    seal_stream(payload_key(DATA_KEY, another), CHUNK, FileSource(MemoryReading(bytes(4 * CHUNK))).fill, foreign.extend)
    parts = [sealed[7 + index * STEP : 7 + (index + 1) * STEP] for index in range(4)]
    alien = bytes(foreign[7:])
    assert sealed != other
    for mixed in (
        [parts[1], parts[0], *parts[2:]],
        [parts[0], parts[0], *parts[2:]],
        [parts[0], *parts[2:]],
        [*parts[:3], parts[2], parts[3]],
        [parts[0], parts[3]],
        [parts[3], *parts[1:]],
        [alien[:STEP], *parts[1:]],
        [*parts[:3], alien[3 * STEP :]],
    ):
        with pytest.raises(IntegrityError):
            list(payload(b"7 bytes" + b"".join(mixed)).chunks())


def test_a_part_is_given_whatever_its_borders_and_nothing_beyond_the_end() -> None:
    plain = os.urandom(3 * CHUNK + 100)
    opened = payload(closed(plain))
    places = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, len(plain) - 1, len(plain), len(plain) + CHUNK]
    for offset in places:
        for length in (0, 1, 7, CHUNK, CHUNK + 1, 10 * CHUNK):
            assert b"".join(map(bytes, opened.read(offset, length))) == plain[offset : offset + length], (offset, length)


def test_a_part_touches_its_chunks_alone() -> None:
    plain = os.urandom(8 * CHUNK)
    broken = bytearray(closed(plain))
    broken[7 + 2 * STEP] ^= 1
    source = MemoryReading(bytes(broken))
    opened = SealedPayload(source, HEADER, DATA_KEY)
    source.touched.clear()
    assert b"".join(map(bytes, opened.read(5 * CHUNK + 10, CHUNK))) == plain[5 * CHUNK + 10 : 6 * CHUNK + 10]
    assert source.touched == [7 + 5 * STEP, 7 + 6 * STEP]
    with pytest.raises(IntegrityError):
        list(opened.read(2 * CHUNK, 1))


def test_source_that_shrinks_while_it_is_read_is_noticed() -> None:
    source = MemoryReading(closed(os.urandom(3 * CHUNK)))
    opened = SealedPayload(source, HEADER, DATA_KEY)
    list(opened.read(0, 1))
    source.content = source.content[: 7 + STEP - 1]
    with pytest.raises(IntegrityError):  # though the buffer still holds what was there
        list(opened.read(0, 1))
    with pytest.raises(IntegrityError):
        list(opened.chunks())
