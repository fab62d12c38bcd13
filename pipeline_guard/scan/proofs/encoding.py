# SPDX-License-Identifier: Apache-2.0
"""Encodings that proofs look through, all total: foreign input gives None, never an exception."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

MAX_JSON = 65_536


def base64_bytes(text: bytes, *, url: bool = False) -> bytes | None:
    """Decode base64, padded or not, in the standard or the URL alphabet; None for anything else."""
    text = text.rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        return None


def base32_bytes(text: bytes) -> bytes | None:
    """Decode base32, padded or not, in either case; None for anything else."""
    text = text.upper().rstrip(b"=")
    try:
        return base64.b32decode(text + b"=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None


def hex_bytes(text: bytes) -> bytes | None:
    """Decode hexadecimal digits without any space; None for anything else."""
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        return None


def json_object(content: bytes | None) -> dict[str, Any] | None:
    """Read one JSON object of at most 64 KiB; None for anything else."""
    if content is None or len(content) > MAX_JSON:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def varint(raw: bytes, place: int) -> tuple[int, int]:
    """Return a number in base 128 and the place after it; cut input gives what is there."""
    number = shift = 0
    while place < len(raw) and shift < 35:
        byte = raw[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            break
    return number, place


def protobuf(raw: bytes) -> dict[int, bytes | int] | None:
    """Return the last value of each field of a protobuf message, None where the bytes are none. Depth one."""
    fields: dict[int, bytes | int] = {}
    place = 0
    while place < len(raw):
        key, place = varint(raw, place)
        number, wire = key >> 3, key & 7
        if number == 0 or place > len(raw):
            return None
        if wire == 0:
            fields[number], place = varint(raw, place)
        elif wire == 2:
            size, place = varint(raw, place)
            if place + size > len(raw):
                return None
            fields[number] = raw[place : place + size]
            place += size
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
            if place > len(raw):
                return None
            fields[number] = 0
        else:
            return None
    return fields


def der_length(raw: bytes) -> int | None:
    """Return the length of the DER element at the start of ``raw``, head included; None where there is none."""
    if len(raw) < 2:
        return None
    size = raw[1]
    if size < 128:
        return 2 + size
    width = size & 127
    if not 1 <= width <= 4 or len(raw) < 2 + width:
        return None
    return 2 + width + int.from_bytes(raw[2 : 2 + width], "big")


def strings(raw: bytes, place: int, count: int) -> Iterator[tuple[bytes, int]]:
    """Give ``count`` strings with a length of four bytes before each, as SSH writes them, and the place after each."""
    for _ in range(count):
        size = int.from_bytes(raw[place : place + 4], "big")
        text = raw[place + 4 : place + 4 + size]
        place += 4 + size
        yield text, place
