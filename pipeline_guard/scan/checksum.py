# SPDX-License-Identifier: Apache-2.0
"""The checksums that vendors put into their tokens, and the alphabets they write them in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib

BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"
BASE66 = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M = 0x2BC830A3  # the state of BIP-350 where the data are intact
_WORD = 0xFFFFFFFF


def write(number: int, alphabet: bytes, width: int) -> bytes:
    """Write a number with the digits of ``alphabet``, padded with its zero to ``width``."""
    digits = bytearray()
    while number:
        number, rest = divmod(number, len(alphabet))
        digits.append(alphabet[rest])
    return bytes(reversed(digits)).rjust(width, alphabet[:1])


def crc62(body: bytes) -> bytes:
    """CRC-32 in six base-62 digits, as GitHub writes it (github.blog, "Behind GitHub's new authentication token formats")."""
    return write(zlib.crc32(body), BASE62, 6)


def crc62_backwards(body: bytes) -> bytes:
    """CRC-32 in six base-62 digits, the lowest first, as the Matrix authentication service writes it (its data-model/src/tokens.rs)."""
    return write(zlib.crc32(body), BASE62, 0)[::-1].rjust(6, b"0")


def crc36(body: bytes) -> bytes:
    """CRC-32 in seven base-36 digits, as GitLab's routable tokens carry it (GitLab architecture document "Routable Tokens")."""
    return write(zlib.crc32(body), BASE36, 7)


def crc_hex(body: bytes) -> bytes:
    """CRC-32 in eight lower-case hexadecimal digits."""
    return b"%08x" % zlib.crc32(body)


def crc_little(body: bytes) -> bytes:
    """CRC-32 as four little-endian bytes."""
    return zlib.crc32(body).to_bytes(4, "little")


def sha_base32(body: bytes) -> bytes:
    """Return the first eight base-32 digits of SHA-256."""
    return base64.b32encode(hashlib.sha256(body).digest())[:8]


def marvin(body: bytes, seed: bytes) -> int:
    """Marvin32, as .NET has it (System.Marvin); ``seed`` is eight bytes, big-endian."""
    high, low = int.from_bytes(seed[:4], "big"), int.from_bytes(seed[4:], "big")
    tail = len(body) % 4
    padded = body + b"\x80" + b"\0" * (3 - tail)
    for place in range(0, len(padded), 4):
        low = (low + int.from_bytes(padded[place : place + 4], "little")) & _WORD
        low, high = _mix(low, high)
    low, high = _mix(low, high)
    return low ^ high


def _mix(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = (_turn(low, 20) + high) & _WORD
    high = _turn(high, 9) ^ low
    low = (_turn(low, 27) + high) & _WORD
    return low, _turn(high, 19)


def _turn(number: int, bits: int) -> int:
    return ((number << bits) | (number >> (32 - bits))) & _WORD


def entra_tail(body: bytes) -> bytes:
    """Return the last three characters of an Entra client secret, from all before (Microsoft security-utilities, IdentifiableKeys)."""
    return write(marvin(body, b"AadPwd00"), BASE66, 6)[:3]


def bech32_polymod(prefix: bytes, values: list[int]) -> int:
    """Return the checksum state of BIP-173 over an expanded prefix and five-bit values; 1 where the data are intact."""
    state = 1
    for value in [byte >> 5 for byte in prefix] + [0] + [byte & 31 for byte in prefix] + values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= generator if (top >> bit) & 1 else 0
    return state


def bech32_tail(prefix: bytes, values: list[int], constant: int = 1) -> list[int]:
    """Return the six check values of BIP-173; ``constant`` is BECH32M for those of BIP-350."""
    state = bech32_polymod(prefix, [*values, 0, 0, 0, 0, 0, 0]) ^ constant
    return [(state >> 5 * (5 - place)) & 31 for place in range(6)]


def crc16(body: bytes) -> bytes:
    """CRC-16/XMODEM as two little-endian bytes (Stellar SEP-23, NATS nkeys)."""
    return binascii.crc_hqx(body, 0).to_bytes(2, "little")


def base58_bytes(text: bytes) -> bytes | None:
    """Decode base 58 (Bitcoin's alphabet); None where a character is foreign or the text is longer than any key."""
    if len(text) > 1000:
        return None
    number = 0
    for character in text:
        digit = BASE58.find(character)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip(b"1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def double_sha(body: bytes) -> bytes:
    """Return the four check bytes of Bitcoin's base58check."""
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]
