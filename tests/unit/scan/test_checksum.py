# SPDX-License-Identifier: Apache-2.0
"""The primitives give what their vendors and standards publish."""

from __future__ import annotations

import base64

from pipeline_guard.scan import checksum


def test_primitives_give_the_published_values() -> None:
    assert checksum.crc_hex(b"hello") == b"3610a686"
    assert checksum.crc62(b"hello") == b"0zNvy2"
    assert checksum.crc36(b"hello") == b"0f01gna"
    assert base64.b64encode(checksum.crc_little(b"hello"))[:6] == b"hqYQNg"
    assert checksum.sha_base32(b"hello") == b"FTZE3OS7"


def test_marvin_gives_the_vectors_of_dotnet() -> None:
    seed = bytes.fromhex("004fb61a001bdbcc")
    assert checksum.marvin(b"", seed) == 0x302009BC
    assert checksum.marvin(b"\xaf", seed) == 0x3592E206


def test_bech32_holds_for_the_vectors_of_bip_173_and_bip_350() -> None:
    def state(text: bytes) -> int:
        prefix, _, body = text.lower().rpartition(b"1")
        return checksum.bech32_polymod(prefix, [checksum.BECH32.find(character) for character in body])

    assert state(b"A12UEL5L") == 1
    assert state(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw") == 1
    assert state(b"A1LQFN3A") == checksum.BECH32M
    assert state(b"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx") == checksum.BECH32M


def test_base58_reads_leading_ones_as_zeros() -> None:
    assert checksum.base58_bytes(b"11" + b"2g") == b"\0\0a"
    assert checksum.base58_bytes(b"0") is None


def test_crc16_is_xmodem() -> None:
    assert checksum.crc16(b"123456789") == bytes.fromhex("c331")  # 31C3, little-endian
