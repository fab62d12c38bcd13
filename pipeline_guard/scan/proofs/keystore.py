# SPDX-License-Identifier: Apache-2.0
"""Proofs of binary key stores: what they hold, and whether a password that everybody knows opens them.

Structures are walked with bounds and nothing is decrypted: a password is tried on the integrity check alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proofs.outcome import ENCRYPTED, NO_SECRET, WELL_KNOWN, Kind, Proof, State

# the defaults of keytool, of Android's tools, of Google's old p12 files, and what people type
PASSWORDS = ("changeit", "", "password", "changeme", "android", "notasecret", "secret", "test", "123456", "1234", "default", "keystore")
_MAX_ROUNDS = 20_000
_DEBUG = Proof(State.VERIFIED, Severity.LOW, "Android's debug key, with its well-known password", Kind.TEST)

_CERTIFICATES = Proof(State.NO_TEST, Severity.LOW, "no key is in sight: it seems to hold certificates only", Kind.PUBLIC)

_SHROUDED_KEY = bytes.fromhex("060b2a864886f70d010c0a0102")
_BARE_KEY = bytes.fromhex("060b2a864886f70d010c0a0101")
_DIGESTS = {
    "06052b0e03021a": "sha1",
    "0609608648016503040201": "sha256",
    "0609608648016503040202": "sha384",
    "0609608648016503040203": "sha512",
}


def _element(raw: bytes, place: int) -> tuple[int, int, int] | None:
    """Return tag, start and end of the content of a DER element with a definite length inside ``raw``; None otherwise."""
    if place + 2 > len(raw):
        return None
    size, start = raw[place + 1], place + 2
    if size >= 128:
        width = size & 127
        if not 1 <= width <= 4 or start + width > len(raw):
            return None
        size, start = int.from_bytes(raw[start : start + width], "big"), start + width
    return (raw[place], start, start + size) if start + size <= len(raw) else None


def _children(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    while start < end:
        found = _element(raw[:end], start)
        if found is None:
            return
        yield found
        start = found[2]


def pkcs12(value: bytes, _now: datetime) -> Proof:
    """Check a PFX of version 3 (RFC 7292): well-known passwords against its MAC; a plain key bag is open without any."""
    head = value[:40]
    if value[:1] != b"\x30" or b"\x02\x01\x03\x30" not in head or bytes.fromhex("06092a864886f70d0107") not in head:
        return NO_SECRET
    if _BARE_KEY in value:
        return Proof(State.VERIFIED, note="its keys are not encrypted")
    outer = _element(value, 0)
    parts = list(_children(value, outer[1], outer[2])) if outer else []
    if len(parts) < 3 or len(value) > 4_000_000:
        return ENCRYPTED
    if _SHROUDED_KEY not in value:  # keytool, OpenSSL and Windows leave the bags of keys in sight
        return _CERTIFICATES
    return ENCRYPTED if _mac_password(value, parts) is None else WELL_KNOWN


def _mac_password(value: bytes, parts: list[tuple[int, int, int]]) -> str | None:
    """Return the well-known password that gives the MAC of a PFX, None where none does or the MAC is of another form."""
    content = list(_children(value, parts[1][1], parts[1][2]))
    mac = list(_children(value, parts[2][1], parts[2][2]))
    if len(content) != 2 or len(mac) < 2 or mac[1][0] != 4:
        return None
    wrapped = _element(value, content[1][1])
    info = list(_children(value, mac[0][1], mac[0][2]))
    if wrapped is None or wrapped[0] != 4 or len(info) != 2:
        return None
    kind = value[info[0][1] : info[0][2]].hex()
    name = next((name for oid, name in _DIGESTS.items() if kind.startswith(oid)), "")
    rounds = int.from_bytes(value[mac[2][1] : mac[2][2]], "big") if len(mac) > 2 else 1
    if not name or not 1 <= rounds <= _MAX_ROUNDS:
        return None
    salt, digest, body = value[mac[1][1] : mac[1][2]], value[info[1][1] : info[1][2]], value[wrapped[1] : wrapped[2]]
    for password in PASSWORDS:
        for text in ((password + "\0").encode("utf-16-be"), *((b"",) if not password else ())):
            if hmac.compare_digest(hmac.new(_mac_key(text, salt, rounds, name), body, name).digest(), digest):
                return password
    return None


def _mac_key(password: bytes, salt: bytes, rounds: int, name: str) -> bytes:
    """Derive the MAC key of RFC 7292, appendix B.2, with ID 3."""
    block = 64 if name in ("sha1", "sha256") else 128

    def filled(text: bytes) -> bytes:
        size = block * -(-len(text) // block)
        return (text * (size // len(text) + 1))[:size] if text else b""

    digest = hashlib.new(name, b"\x03" * block + filled(salt[:1024]) + filled(password)).digest()
    for _ in range(rounds - 1):
        digest = hashlib.new(name, digest).digest()
    return digest


def java_keystore(value: bytes, _now: datetime) -> Proof:
    """Check JKS and JCEKS: whether an entry is a key, and whether a well-known password gives the digest at the end."""
    if value[:4] not in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce") or value[4:8] not in (b"\0\0\0\1", b"\0\0\0\2"):
        return NO_SECRET
    keys, end, alias = _entries(value)
    if not keys:
        return NO_SECRET  # certificates to trust are public
    digest = value[end : end + 20]
    if not end or len(digest) < 20:
        return ENCRYPTED
    for password in PASSWORDS:
        if hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + value[:end], usedforsecurity=False).digest() == digest:
            return _DEBUG if password == "android" and alias == b"androiddebugkey" else WELL_KNOWN
    return ENCRYPTED


def _entries(value: bytes) -> tuple[int, int, bytes]:
    """Return how many keys a Java store holds, where its entries end (0 if cut or of a serialised kind), and the first alias."""
    old = value[7] == 1
    count, place, keys, first = int.from_bytes(value[8:12], "big"), 12, 0, b""

    def sized(place: int, width: int) -> int:
        return place + width + int.from_bytes(value[place : place + width], "big")

    for _ in range(min(count, 10_000)):
        if place + 6 > len(value):
            return keys, 0, first
        tag = int.from_bytes(value[place : place + 4], "big")
        after = sized(place + 4, 2)
        first = first or value[place + 6 : after]
        place = after + 8
        if tag == 3:  # a secret key, as a Java object whose length nothing tells
            return keys + 1, 0, first
        chain = 1
        if tag == 1:
            keys += 1
            place = sized(place, 4)
            chain, place = int.from_bytes(value[place : place + 4], "big"), place + 4
        elif tag != 2:
            return keys, 0, first
        for _ in range(min(chain, 100)):
            place = sized(place if old else sized(place, 2), 4)
    return keys, place if place <= len(value) else 0, first
