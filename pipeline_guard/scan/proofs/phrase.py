# SPDX-License-Identifier: Apache-2.0
"""Proofs of recovery phrases: all words of one list, in a count that is allowed, with the checksum of a scheme."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from pipeline_guard.scan.proofs.outcome import DOCUMENTATION, NO_SECRET, Proof, State, holds
from pipeline_guard.scan.proofs.published import PHRASES, fingerprint

COUNTS = (12, 15, 18, 21, 24)
_ELECTRUM = ("01", "100", "101", "102")


@lru_cache(maxsize=1)
def _places() -> Mapping[bytes, int]:
    from pipeline_guard.scan.proofs.bip39 import WORDS

    return {word.encode("ascii"): place for place, word in enumerate(WORDS.split())}


def words(value: bytes) -> list[bytes]:
    """Return the words of a phrase, whatever numbers and marks stand between them."""
    return re.findall(rb"[a-z]{3,8}", value.lower())


def recovery_phrase(value: bytes, _now: datetime) -> Proof:
    """Check BIP-39 (SHA-256), Electrum (HMAC-SHA-512) and Algorand (SHA-512/256); a run of words without a checksum is prose."""
    found = words(value)
    places = _places()
    indices = [places.get(word, -1) for word in found]
    if -1 in indices or len(set(found)) < 3:
        return DOCUMENTATION if _is_standard_vector(found) else NO_SECRET
    if _is_standard_vector(found):
        return DOCUMENTATION
    if len(found) in COUNTS and bip39_holds(indices):
        return holds(True)
    if len(found) == 25 and _algorand_holds(indices):
        return Proof(State.VERIFIED, note="of Algorand")
    if len(found) == 12 and hmac.new(b"Seed version", b" ".join(found), hashlib.sha512).hexdigest().startswith(_ELECTRUM):
        return Proof(State.VERIFIED, note="of Electrum")
    return NO_SECRET


def bip39_holds(indices: list[int]) -> bool:
    """Tell whether the last bits of a phrase are the first of the SHA-256 of the others (BIP-39)."""
    total = 0
    for index in indices:
        total = total << 11 | index
    spare = len(indices) * 11 // 33
    entropy = (total >> spare).to_bytes(len(indices) * 11 * 32 // 33 // 8, "big")
    return hashlib.sha256(entropy).digest()[0] >> (8 - spare) == total & ((1 << spare) - 1)


def _algorand_holds(indices: list[int]) -> bool:
    """Tell whether the 25th word is the first eleven bits of SHA-512/256 of the 32 bytes in the others, little-endian."""
    total = 0
    for place, index in enumerate(indices[:24]):
        total |= index << 11 * place
    if total >> 256:
        return False
    digest = hashlib.new("sha512_256", total.to_bytes(32, "little")).digest()
    return (digest[0] | digest[1] << 8) & 0x7FF == indices[24]


def _is_standard_vector(found: list[bytes]) -> bool:
    """Tell phrases that every wallet's tests use: the same word over and over, and the one of hardhat, anvil and ganache."""
    if len(found) < 12:
        return False
    if len(set(found[:-1])) <= 2:
        return True
    return fingerprint(b" ".join(found)) in PHRASES
