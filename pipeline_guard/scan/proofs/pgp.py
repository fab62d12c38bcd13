# SPDX-License-Identifier: Apache-2.0
"""Proofs of OpenPGP secret keys (RFC 9580, RFC 4880), armoured or binary: packets, protection, and the sum at the end of a bare key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipeline_guard.scan.proofs.encoding import base64_bytes
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, ENCRYPTED, NO_SECRET, NO_TEST, VERIFIED, Proof, State

# algorithm -> numbers of its public part; minus one: an identifier of a curve, then a point
_PUBLIC_NUMBERS = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4, 18: -2, 19: -1, 22: -1}
_FIXED = {25: 32, 26: 56, 27: 32, 28: 57}  # X25519, X448, Ed25519, Ed448 of RFC 9580


def armoured(value: bytes, now: datetime) -> Proof:
    """Check an armoured private key block: its packets parse and hold a secret key."""
    text = re.sub(rb"(?:\\r)?\\n", b"\n", value).replace(b"\\", b"")
    lines = [line.strip(b" \t\r\"',;+>#") if b"-----" in line else line.strip(b" \t\r\"',;>#") for line in text.splitlines()]
    body = [line for line in lines if line and not line.startswith((b"-----", b"=")) and b": " not in line and not line.endswith(b":")]
    if not body or sum(map(len, body)) < 100:
        return CONTRADICTED
    raw = base64_bytes(b"".join(line.rstrip(b"=") for line in body))
    if raw is None:
        return NO_TEST
    verdict = secret_keyring(raw, now)
    return CONTRADICTED if verdict.state is State.NO_SECRET and not verdict.note else verdict


def secret_keyring(value: bytes, _now: datetime) -> Proof:
    """Check binary packets: the first is a secret key; then whether any of its keys is bare. Stubs of smart cards are no secret."""
    if value[:1] not in (b"\x94", b"\x95", b"\x96", b"\xc5"):
        return NO_SECRET
    states = [state for tag, body in _packets(value) if tag in (5, 7) and (state := _secret(body))]
    if not states:
        return NO_SECRET
    for wanted, verdict in (("bare", VERIFIED), ("encrypted", ENCRYPTED), ("cut", NO_TEST)):
        if wanted in states:
            return verdict
    return Proof(State.NO_SECRET, note="stubs only: the keys are on a card")


def _packets(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Give tag and body of up to 500 packets; ends at the first byte that begins none."""
    place = 0
    for _ in range(500):
        if place + 2 > len(raw) or not raw[place] & 0x80:
            return
        head = raw[place]
        if head & 0x40:
            tag, first = head & 63, raw[place + 1]
            if first < 192:
                size, start = first, place + 2
            elif first < 224:
                size, start = ((first - 192) << 8) + raw[place + 2 : place + 3].ljust(1, b"\0")[0] + 192, place + 3
            elif first == 255:
                size, start = int.from_bytes(raw[place + 2 : place + 6], "big"), place + 6
            else:
                return  # partial lengths are for data, not for keys
        else:
            tag, width = head >> 2 & 15, (1, 2, 4, 0)[head & 3]
            if not width:
                return
            size, start = int.from_bytes(raw[place + 1 : place + 1 + width], "big"), place + 1 + width
        yield tag, raw[start : start + size]
        place = start + size


def _secret(body: bytes) -> str:
    """Return "bare", "encrypted", "stub" or "cut" for a secret-key packet; an empty text for what is none."""
    if len(body) < 8 or body[0] not in (3, 4, 5, 6):
        return ""
    place = 6 if body[0] == 4 else 8 if body[0] == 3 else 10
    algorithm = body[5] if body[0] != 3 else body[7]
    end = _after_public(body, place, algorithm)
    if end is None:
        return ""
    if end + 3 > len(body):
        return "cut"
    usage = body[end]
    if usage == 0:
        if body[0] == 6:
            return "bare"
        secret, total = body[end + 1 : -2], int.from_bytes(body[-2:], "big")
        return "bare" if secret and sum(secret) & 0xFFFF == total else "cut"
    if usage in (253, 254, 255) and b"GNU" in body[end : end + 12]:
        return "stub"
    return "encrypted" if usage in (253, 254, 255) or usage <= 13 else ""


def _after_public(body: bytes, place: int, algorithm: int) -> int | None:
    """Return where the public part of a key ends, None for an algorithm that does not exist."""
    if algorithm in _FIXED:
        return place + _FIXED[algorithm]
    numbers = _PUBLIC_NUMBERS.get(algorithm)
    if numbers is None:
        return None
    if numbers < 0:
        if place >= len(body) or not 3 <= body[place] <= 10:
            return None
        place += 1 + body[place]
    for _ in range(max(numbers, 1)):
        bits = int.from_bytes(body[place : place + 2], "big")
        if not 0 < bits <= 16_384:
            return None
        place += 2 + (bits + 7) // 8
    if numbers == -2:
        place += 1 + int.from_bytes(body[place : place + 1], "big")
    return place
