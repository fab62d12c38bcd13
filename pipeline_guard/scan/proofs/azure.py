# SPDX-License-Identifier: Apache-2.0
"""Proofs of Azure's identifiable keys (Microsoft security-utilities): Marvin32 with a seed for every service."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum
from pipeline_guard.scan.proofs.encoding import base32_bytes, base64_bytes
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, EXPIRED, NO_TEST, Kind, Proof, State, holds

_MESSAGING = (b"Send0000", b"Listen00", b"Manage00", b"System00", b"Unknown0")
# signature -> seeds; a failed check contradicts only where genuine published keys were seen to pass it
SEEDS: dict[bytes, tuple[bytes, ...]] = {
    b"+ASt": (b"Default0",),
    b"ACDb": (b"MastRO00", b"MastRW00", b"SysAll00", b"SystRO00", b"SystRW00", b"Resour00", b"Encryp00"),
    b"+ABa": (b"AbAcct00",),
    b"APIM": (b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"),
    b"+AMC": (b"Classic0",),
    b"+ASb": _MESSAGING,
    b"+AEh": _MESSAGING,
    b"+ARm": _MESSAGING,
    b"AIoT": (b"IoTHub00", b"DpsKey00", b"Device00"),
    b"AzCa": (b"Access00",),
    b"AZEG": (b"SendRecv",),
    b"AzSe": (b"Search00", b"Query000", b"PAdmin00"),
    b"+ACR": (b"ACRDflt0",),
    b"AzFu": (b"Functi00", b"Master00", b"System00"),
}
_SEEN = (b"+ASt", b"AzCa")
_PLACES = {88: (76,), 86: (76,), 44: (33,), 43: (33,), 52: (42,), 56: (44,), 54: (44,)}  # length -> where the signature stands

# the storage emulator's key is the same on every machine (learn.microsoft.com, "Use the Azurite emulator"), so is Cosmos DB's
_EMULATORS = (b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1", b"C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEH")
_EMULATOR = Proof(State.CONTRADICTED, Severity.INFO, "the key of the local emulator, the same everywhere", Kind.DOCUMENTATION)


def azure_key(value: bytes, _now: datetime) -> Proof:
    """Check a key of 88, 44, 52 or 56 characters by the signature it holds: Marvin32 over all bytes but the last four."""
    if value.startswith(_EMULATORS):
        return _EMULATOR
    signature = next((mark for place in _PLACES.get(len(value), ()) if (mark := value[place : place + 4]) in SEEDS), None)
    if signature is None:
        return NO_TEST
    plain = value.replace(b"-", b"+").replace(b"_", b"/")
    readings = _redis(plain) if signature == b"AzCa" else (plain,)
    if any(_is_signed(reading, SEEDS[signature]) for reading in readings):
        return holds(True)
    return CONTRADICTED if signature in _SEEN and plain.count(b"P") + plain.count(b"F") <= _MAX_TWINS else NO_TEST


def _is_signed(text: bytes, seeds: tuple[bytes, ...]) -> bool:
    raw = base64_bytes(text)
    if raw is None or len(raw) < 32:
        return False
    stored = int.from_bytes(raw[-4:], "little")
    return any(checksum.marvin(raw[:-4], seed) == stored for seed in seeds)


_MAX_TWINS = 9  # letters with two readings each: 512 checks at most


def _redis(value: bytes) -> Iterator[bytes]:
    """Give all readings of a Redis key: some are written with P for + and F for /, after the check was made."""
    places = [place for place, letter in enumerate(value) if letter in b"PF"]
    if len(places) > _MAX_TWINS:
        places = []
    for choice in range(1 << len(places)):
        reading = bytearray(value)
        for bit, place in enumerate(places):
            if choice >> bit & 1:
                reading[place] = ord("+") if value[place] == ord("P") else ord("/")
        yield bytes(reading)


def azure_cask(value: bytes, now: datetime) -> Proof:
    """Check the 84-character form: fixed marks, a plausible date of issue, and Marvin32 over the first 60 bytes as text or base64."""
    if len(value) not in (84, 86, 88) or value[52:57] != b"JQQJ9" or value[57:58] not in b"9DH":
        return NO_TEST
    year, month = 2024 + value[58] - ord("A"), value[59] - ord("A") + 1
    if not (2024 <= year <= now.year + 1 and 1 <= month <= 12):
        return NO_TEST
    raw = base64_bytes(value[:80])
    if raw is None:
        return NO_TEST
    check = checksum.marvin(raw, b"Default0").to_bytes(4, "little")
    text = checksum.write(int.from_bytes(check, "big"), checksum.BASE62, 0).ljust(6, b"0")
    bare = base64_bytes(value[80:]) or b""
    good = value[80:84] == text[:4] or bare[:3] == check[:3]
    note = f"issued in {year}-{month:02d}"
    return Proof(State.VERIFIED, note=note) if good else Proof(State.NO_TEST, note=note)


def azure_devops(value: bytes, _now: datetime) -> Proof:
    """Check the 52-character access token: a CRC-32 spread over four of its 32 bytes."""
    raw = base32_bytes(value)
    if raw is None or len(raw) != 32:
        return NO_TEST
    body = raw[0:2] + raw[3:7] + raw[9:22] + raw[23:32]
    stored = raw[22] | raw[8] << 8 | raw[7] << 16 | raw[2] << 24
    return holds(zlib.crc32(body) ^ stored in (0xE0B9692D, 0x1019F92E), NO_TEST)


def entra_secret(value: bytes, _now: datetime) -> Proof:
    """Check ``xxx8Q~``: Marvin32 of all before, three base-66 digits; ``7Q~`` has no check."""
    if len(value) != 40 or value[3:6] != b"8Q~":
        return NO_TEST
    return holds(checksum.entra_tail(value[:-3]) == value[-3:])


def azure_sas(value: bytes, around: bytes, now: datetime) -> Proof:
    """Check a shared access signature: 32 bytes, and an end date (``se=``) beside it that says whether it still opens anything."""
    raw = base64_bytes(re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), value))
    if raw is None or len(raw) != 32:
        return NO_TEST
    place = around.find(value)
    start = max(around.rfind(mark, 0, max(place, 0)) for mark in (b" ", b"\n", b'"', b"'")) + 1
    query = around[start:place] + re.split(rb"[\s\"']", around[place + len(value) :], maxsplit=1)[0]
    found = re.search(rb"[?&;]?\bse=(\d{4}-\d\d-\d\d)(?:T(\d\d(?::|%3[Aa])\d\d))?|\bse=(\d{10})\b", query)
    if found is None:
        return NO_TEST
    try:
        until = datetime.fromtimestamp(int(found[3]), UTC) if found[3] else datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return NO_TEST
    return EXPIRED if until.date() < now.date() else Proof(State.VERIFIED, note=f"valid until {until.date()}")
