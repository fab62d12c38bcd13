# SPDX-License-Identifier: Apache-2.0
"""Samples of keys of wallets and networks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from pipeline_guard.scan import checksum
from pipeline_guard.scan.makers.stream import Maker, Stream


def _age(stream: Stream) -> str:
    values = [byte % 32 for byte in stream.raw(51)] + [stream.raw(1)[0] & 16]
    values += checksum.bech32_tail(b"age-secret-key-", values)
    return "AGE-SECRET-KEY-1" + "".join(chr(checksum.BECH32[value]) for value in values).upper()


def _stellar(stream: Stream) -> str:
    raw = bytes([18 << 3]) + stream.raw(32)
    return base64.b32encode(raw + checksum.crc16(raw)).decode()


def _nats(stream: Stream) -> str:
    kind = 20 << 3  # user
    raw = bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + stream.raw(32)
    return base64.b32encode(raw + checksum.crc16(raw)).decode().rstrip("=")


def _extended(stream: Stream) -> str:
    raw = bytes.fromhex("0488ade4") + b"\0" * 9 + stream.raw(32) + b"\0" + stream.raw(32)
    number, text = int.from_bytes(raw + checksum.double_sha(raw), "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = chr(checksum.BASE58[rest]) + text
    return text


def _base58(content: bytes, alphabet: bytes = checksum.BASE58) -> str:
    """Write base 58 with the four check bytes of base58check."""
    return _base58_bare(content + checksum.double_sha(content), alphabet)


def _base58_bare(content: bytes, alphabet: bytes = checksum.BASE58) -> str:
    zeros = len(content) - len(content.lstrip(b"\0"))
    return chr(alphabet[0]) * zeros + checksum.write(int.from_bytes(content, "big"), alphabet, 0).decode()


def _check58(head: str, count: int, end: str = "", alphabet: bytes = checksum.BASE58) -> Maker:
    return lambda stream: _base58(bytes.fromhex(head) + stream.raw(count) + bytes.fromhex(end), alphabet)


def _bech32(prefix: str, size: int, constant: int = 1) -> Maker:
    def make(stream: Stream) -> str:
        number, count = int.from_bytes(stream.raw(size), "big") << (-size * 8 % 5), -(-size * 8 // 5)
        values = [number >> 5 * (count - 1 - place) & 31 for place in range(count)]
        values += checksum.bech32_tail(prefix.encode(), values, constant)
        return prefix + "1" + "".join(chr(checksum.BECH32[value]) for value in values)

    return make


def _age_quantum(stream: Stream) -> str:
    return _bech32("age-secret-key-pq-", 32)(stream).upper()


def _avalanche(stream: Stream) -> str:
    raw = stream.raw(32)
    return "PrivateKey-" + _base58_bare(raw + hashlib.sha256(raw).digest()[-4:])


def _phrase(size: int, between: str = " ") -> Maker:
    def make(stream: Stream) -> str:
        from pipeline_guard.scan.proofs.bip39 import WORDS

        raw = stream.raw(size)
        spare = size // 4
        total = int.from_bytes(raw, "big") << spare | hashlib.sha256(raw).digest()[0] >> (8 - spare)
        count = (size * 8 + spare) // 11
        return between.join(WORDS.split()[total >> 11 * (count - 1 - place) & 2047] for place in range(count))

    return make


def _pair(stream: Stream) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    seed = b"\x42" + stream.raw(31)
    return seed + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


_RIPPLE = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"

WALLETS: Mapping[str, Maker] = {
    "age": _age,
    "age-quantum": _age_quantum,
    "avalanche": _avalanche,
    "bip38": _check58("0142e0", 36),
    "cardano-bech32": _bech32("ed25519_sk", 32),
    "extended-key": _extended,
    "extended-key-test": _check58("04358394" + "00" * 9, 32, "00" + "3a" * 32),
    "nats": _nats,
    "near": lambda stream: "ed25519:" + _base58_bare(_pair(stream)),
    "nostr": _bech32("nsec", 32),
    "phrase-12": _phrase(16),
    "phrase-24": _phrase(32),
    "phrase-listed": _phrase(16, '", "'),
    "ripple": _check58("21", 16, alphabet=_RIPPLE),
    "ripple-ed25519": _check58("01e14b", 16, alphabet=_RIPPLE),
    "solana": lambda stream: _base58_bare(_pair(stream)),
    "solana-list": lambda stream: "[" + ",".join(map(str, _pair(stream))) + "]",
    "stellar": _stellar,
    "sui": _bech32("suiprivkey", 33),
    "tezos": _check58("0d0f3a07", 32),
    "tezos-sealed": _check58("075a3cb329", 56),
    "wif": _check58("80", 32, "01"),
    "wif-old": _check58("80", 32),
    "wif-test": _check58("ef", 32, "01"),
}
