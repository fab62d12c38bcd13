# SPDX-License-Identifier: Apache-2.0
"""Key revocation lists of OpenSSH (PROTOCOL.krl): serial numbers of one authority's certificates, written and read back.

Our serial numbers hold the end of their certificate in the upper half; so a list forgets by itself.
"""

from __future__ import annotations

import struct

from pipeline_guard.errors import Unavailable

_MAGIC, _FORMAT = b"SSHKRL\n\0", 1
_CERTIFICATES, _SERIALS = 1, 0x20
_PLACE = "name a file under krl that nobody else writes"


def with_serial(before: bytes, serial: int, authority: bytes, now: int) -> bytes:
    """Return the list with one serial number more, without those whose end is over; ``now`` in seconds."""
    version, known = read(before, authority) if before else (0, [])
    kept = sorted({number for number in (*known, serial) if number >> 32 >= now})
    return write(version + 1, now, kept, authority)


def write(version: int, now: int, serials: list[int], authority: bytes) -> bytes:
    """Return a list; without a serial number it has no section at all."""
    header = _MAGIC + struct.pack(">IQQQ", _FORMAT, version, now, 0) + _string(b"") + _string(b"pipeline-guard")
    if not serials:
        return header
    numbers = b"".join(serial.to_bytes(8) for serial in serials)
    section = _string(authority) + _string(b"") + bytes([_SERIALS]) + _string(numbers)
    return header + bytes([_CERTIFICATES]) + _string(section)


def read(content: bytes, authority: bytes) -> tuple[int, list[int]]:
    """Return version and serial numbers of a list that ``write`` made; raise Unavailable for any other, which is not written over."""
    try:
        if content[:8] != _MAGIC:
            raise ValueError
        form, version, _date, _flags = struct.unpack(">IQQQ", content[8:36])
        _, rest = _take(content[36:])
        _, rest = _take(rest)
        if form != _FORMAT:
            raise ValueError
        if not rest:
            return version, []
        section, behind = _take(rest[1:])
        named, inner = _take(section)
        _, inner = _take(inner)
        numbers, end = _take(inner[1:])
        if behind or end or rest[0] != _CERTIFICATES or inner[0] != _SERIALS or named != authority or len(numbers) % 8:
            raise ValueError
    except (ValueError, IndexError, struct.error):
        raise Unavailable("the key revocation list is not of this engine and its key", _PLACE) from None
    return version, [int.from_bytes(numbers[place : place + 8]) for place in range(0, len(numbers), 8)]


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _take(content: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(content[:4])
    if len(content) < 4 + size:
        raise ValueError("cut off")
    return content[4 : 4 + size], content[4 + size :]
