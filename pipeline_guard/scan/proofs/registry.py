# SPDX-License-Identifier: Apache-2.0
"""Proofs of tokens of package registries and build caches."""

from __future__ import annotations

import json
import re
from datetime import datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum
from pipeline_guard.scan.proofs.encoding import base32_bytes, base64_bytes, varint
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, NO_TEST, VERIFIED, Kind, Proof, State, holds


def macaroon(raw: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return location and caveats of a macaroon of version 2 (libmacaroons, doc/format.txt); None where it is none or cut."""
    if raw[:1] != b"\x02":
        return None
    location, caveats = b"", []
    place, kind, size = 1, 0, 0
    while place < len(raw):
        kind, place = varint(raw, place)
        if kind == 0:
            continue
        size, place = varint(raw, place)
        content, place = raw[place : place + size], place + size
        if kind == 1 and not location:
            location = content
        elif kind == 2:
            caveats.append(content)
        elif kind > 6:
            return None
    return (location, caveats[1:]) if place == len(raw) and kind == 6 and size == 32 and caveats else None


def pypi(value: bytes, now: datetime) -> Proof:
    """Check a macaroon of an index: location, identifier, caveats, and a signature of 32 bytes; caveats tell scope and age."""
    found = macaroon(base64_bytes(value[5:], url=True) or b"")
    if found is None:
        return CONTRADICTED
    location, caveats = found
    scope = "for one user's projects"
    for caveat in caveats:
        try:
            rule = json.loads(caveat)
        except (ValueError, RecursionError):
            continue
        if isinstance(rule, list) and len(rule) == 3 and rule[0] == 0 and isinstance(rule[1], int) and rule[1] < now.timestamp():
            return Proof(State.VERIFIED, Severity.INFO, "expired", Kind.EXPIRED)
        if (isinstance(rule, list) and rule and rule[0] in (1, 2)) or (isinstance(rule, dict) and rule.get("permissions") != "user"):
            scope = "for named projects only"
    if location.startswith(b"test."):
        return Proof(State.VERIFIED, Severity.LOW, "of the test index", Kind.TEST)
    return Proof(State.VERIFIED, note=scope)


def lightning_macaroon(value: bytes, _now: datetime) -> Proof:
    """Check a macaroon of a Lightning node, in hexadecimal: the same structure, of location ``lnd``."""
    found = macaroon(bytes.fromhex(value.decode("ascii")) if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", value) else b"")
    return holds(found is not None and found[0] == b"lnd", NO_TEST)


def nuget(value: bytes, _now: datetime) -> Proof:
    """Check ``oy2``: base32 of twelve bytes that begin with "v4", and of sixteen; spare bits are zero (NuGetGallery, ApiKeyV4)."""
    low = value.lower()
    first, second = base32_bytes(low[:20]), base32_bytes(low[20:])
    whole = len(low) == 46 and first is not None and second is not None and first[:2] == b"v4"
    return holds(whole and low[19:20] in b"aq" and low[45:] in (b"a", b"e", b"i", b"m", b"q", b"u", b"y", b"4"), NO_TEST)


def jfrog_reference(value: bytes, _now: datetime) -> Proof:
    """Check a JFrog reference token: base64 of ``reftkn:``, two numbers and a text."""
    raw = base64_bytes(value)
    return holds(raw is not None and re.fullmatch(rb"reftkn:\d+:\d+:[A-Za-z0-9]+", raw) is not None, NO_TEST)


def jfrog_key(value: bytes, _now: datetime) -> Proof:
    """Check an ``AKCp`` key: 73 digits of base58 for 54 bytes. The shape only."""
    raw = checksum.base58_bytes(value)
    return holds(len(value) == 73 and raw is not None and len(raw) == 54, NO_TEST)


def nx_cloud(value: bytes, _now: datetime) -> Proof:
    """Check an access token of Nx Cloud: base64 of a UUID, a bar, and what it may do."""
    raw = base64_bytes(value) or b""
    found = re.fullmatch(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\|(read|read-write|read-only)", raw)
    if found is None:
        return NO_TEST
    return VERIFIED if found[1] == b"read-write" else Proof(State.VERIFIED, Severity.LOW, "may only read the cache")
