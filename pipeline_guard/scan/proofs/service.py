# SPDX-License-Identifier: Apache-2.0
"""Proofs of tokens of services: monitoring, chat, mail, payment, AI."""

from __future__ import annotations

import re
from datetime import datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum, filters
from pipeline_guard.scan.proofs.encoding import base64_bytes, json_object, protobuf
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, DOCUMENTATION, NO_SECRET, NO_TEST, PUBLIC, TEST_MODE, Kind, Proof, State, holds
from pipeline_guard.scan.proofs.published import TOKENS, fingerprint


def zuplo(value: bytes, _now: datetime) -> Proof:
    """Check ``zpka_``: CRC-32 of the 32-character body in hexadecimal."""
    return holds(checksum.crc_hex(value[5:37]) == value[38:] and value[37:38] == b"_") if len(value) == 46 else NO_TEST


def grafana_account(value: bytes, _now: datetime) -> Proof:
    """Check ``glsa_``: CRC-32 of prefix and body, hexadecimal of its little-endian bytes."""
    if len(value) != 46:
        return NO_TEST
    return holds(checksum.crc_little(value[:37]).hex().encode() == value[38:].lower() and value[37:38] == b"_")


def grafana_cloud(value: bytes, _now: datetime) -> Proof:
    """Check ``glc_``: base64 JSON with o, n, k and m."""
    found = json_object(base64_bytes(value[4:]))
    if found is not None and "k" in found and not {"o", "m"} <= set(found):
        return NO_TEST  # another form of the same
    return holds(found is not None and {"o", "n", "k", "m"} <= set(found))


def grafana_legacy(value: bytes, _now: datetime) -> Proof:
    """Check the old ``eyJrIjoi``: base64 JSON with k, n and id. The first letters say that it is JSON with k."""
    found = json_object(base64_bytes(value))
    return holds(found is not None and {"k", "n", "id"} <= set(found), NO_TEST)


def sentry_organisation(value: bytes, _now: datetime) -> Proof:
    """Check ``sntrys_``: base64 JSON with iat, url and org, then a secret of 32 bytes."""
    body, _, secret = value[7:].rpartition(b"_")
    found = json_object(base64_bytes(body))
    return holds(found is not None and {"iat", "url", "org"} <= set(found) and len(secret) == 43)


def onepassword_account(value: bytes, _now: datetime) -> Proof:
    """Check ``ops_``: base64 JSON with secretKey."""
    found = json_object(base64_bytes(value[4:], url=True))
    return holds(found is not None and "secretKey" in found)


def synapse(value: bytes, _now: datetime) -> Proof:
    """Check ``syt_`` and ``syr_``: CRC-32 of all before the last bar in base 62 (Synapse, handlers/auth.py)."""
    body, _, tail = value.rpartition(b"_")
    return holds(checksum.crc62(body) == tail, NO_TEST)


def matrix_service(value: bytes, _now: datetime) -> Proof:
    """Check ``mat_``, ``mar_``, ``mct_``, ``mcr_``: CRC-32 of prefix and body, digits backwards."""
    return holds(len(value) == 41 and value[34:35] == b"_" and checksum.crc62_backwards(value[:34]) == value[35:], NO_TEST)


def polar(value: bytes, _now: datetime) -> Proof:
    """Check ``polar_oat_`` and its kin: CRC-32 of the 37-character body in base 62 (Polar, kit/crypto.py)."""
    body = value.rpartition(b"_")[2]
    return holds(len(body) == 43 and checksum.crc62(body[:37]) == body[37:], NO_TEST)


def mapbox(value: bytes, _now: datetime) -> Proof:
    """Check ``sk.`` and ``tk.``: base64 JSON with user (u) and token id (a); ``pk.`` is public."""
    parts = value.split(b".")
    found = json_object(base64_bytes(parts[1], url=True)) if len(parts) == 3 else None
    if found is None:
        return NO_TEST
    return PUBLIC if parts[0] == b"pk" else holds({"u", "a"} <= set(found) or {"u", "exp"} <= set(found), NO_TEST)


def elastic(value: bytes, _now: datetime) -> Proof:
    """Check an API key: base64 of an id of 20 and a secret of 22 characters."""
    raw = base64_bytes(value.removeprefix(b"essu_"))
    return holds(raw is not None and re.fullmatch(rb"[A-Za-z0-9_\-]{20}:[A-Za-z0-9_\-]{22}", raw) is not None, NO_TEST)


def tink(value: bytes, _now: datetime) -> Proof:
    """Check a keyset of Tink, JSON or base64 of protobuf: the kind of material in its keys tells secret from public and encrypted."""
    found = json_object(value)
    if found is not None:
        keys = found.get("key")
        if "encryptedKeyset" in found:
            return Proof(State.NO_TEST, Severity.LOW, "encrypted with another key", Kind.ENCRYPTED)
        if not isinstance(found.get("primaryKeyId"), int) or not isinstance(keys, list):
            return NO_TEST
        kinds = {str((one.get("keyData") or {}).get("keyMaterialType")) for one in keys if isinstance(one, dict)}
    else:
        outer = protobuf(base64_bytes(value) or b"\0") or {}
        key = outer.get(2)
        data = (protobuf(key) or {}).get(1) if isinstance(key, bytes) else None
        inner = protobuf(data) or {} if isinstance(data, bytes) else {}
        kind, url = inner.get(3), inner.get(1)
        if (
            not isinstance(outer.get(1), int)
            or not isinstance(url, bytes)
            or not url.startswith(b"type.googleapis.com/google.crypto.tink.")
        ):
            return NO_TEST
        kinds = {
            ("", "SYMMETRIC", "ASYMMETRIC_PRIVATE", "ASYMMETRIC_PUBLIC", "REMOTE")[kind] if isinstance(kind, int) and 0 < kind < 5 else ""
        }
    if kinds & {"SYMMETRIC", "ASYMMETRIC_PRIVATE"}:
        return holds(True)
    return NO_SECRET if kinds <= {"ASYMMETRIC_PUBLIC", "REMOTE"} else NO_TEST


_SERIES = re.compile(rb"0?123456789|1234567890|9876543210|abcdefghij|(\d)\1{6}")


def discord_bot(value: bytes, _now: datetime) -> Proof:
    """Check the first part is a snowflake of 17 to 20 digits in base 64; the shape has no checksum."""
    raw = base64_bytes(value.split(b".")[0], url=True)
    return NO_TEST if raw is not None and re.fullmatch(rb"\d{17,20}", raw) else NO_SECRET


def discord_webhook(value: bytes, now: datetime) -> Proof:
    """Check the id in a webhook's address: a snowflake whose time lies between Discord's start and tomorrow; it never verifies."""
    found = re.search(rb"(\d{17,20})/", value)
    if found is None:
        return NO_TEST
    moment = (int(found[1]) >> 22) / 1000 + 1_420_070_400
    return NO_TEST if moment < now.timestamp() + 86_400 else CONTRADICTED


def slack(value: bytes, _now: datetime) -> Proof:
    """Check a Slack token: a last part that walks along the alphabet is of the documentation; the shape has no checksum."""
    return DOCUMENTATION if filters.is_sequence(value.rpartition(b"-")[2]) else NO_TEST


def slack_webhook(value: bytes, _now: datetime) -> Proof:
    """Check a webhook's path: T and B ids and a secret that are zeros or X are Slack's own example."""
    return DOCUMENTATION if re.search(rb"(?:/|^)T0{6,}/|/B0{6,}/|X{16}", value) else NO_TEST


def telegram(value: bytes, _now: datetime) -> Proof:
    """Check a bot's number: the one of the documentation is no secret; the rest has no checksum."""
    number = value.partition(b":")[0]
    return DOCUMENTATION if number in (b"123456", b"110201543", b"1234567890", b"123456789") or _SERIES.search(number) else NO_TEST


def sendgrid(value: bytes, _now: datetime) -> Proof:
    """Check ``SG.``: 16 and 32 bytes in base64url leave bits of zero at the end of both parts."""
    parts = value.split(b".")
    exact = len(parts) == 3 and parts[1][-1:] in b"AQgw" and parts[2][-1:] in b"AEIMQUYcgkosw048"
    return Proof(State.NO_TEST, note="" if exact else "its last letters are not those of whole bytes")


def openai(value: bytes, _now: datetime) -> Proof:
    """Check the marker that is "OpenAI" in base64: it stands in the middle of all keys known; the shape has no checksum."""
    body = re.sub(rb"^sk-(?:[A-Za-z]+-)?", b"", value)
    before, marker, after = body.partition(b"T3BlbkFJ")
    if not marker or filters.is_sequence(before) or filters.is_sequence(after):
        return NO_SECRET
    return Proof(
        State.NO_TEST, note="" if abs(len(before) - len(after)) <= 1 else "its marker is not in the middle, as in keys known so far"
    )


def anthropic(value: bytes, _now: datetime) -> Proof:
    """Check ``sk-ant-``: keys of 108 characters end in AA; the shape has no checksum."""
    exact = value.endswith(b"AA") and len(value) in (108, 110)
    return Proof(
        State.NO_TEST, note="" if exact or not value.startswith(b"sk-ant-api03") else "its length or end is of no key known so far"
    )


_TEST_MARK = re.compile(rb"(?i)(?:^|[_\-$.:])(?:test|sandbox)(?=[_\-$.:])|_TEST-")


def payment_mode(value: bytes, _now: datetime) -> Proof:
    """Tell keys of a payment service's test mode by their own prefix; the others have no check."""
    if fingerprint(value) in TOKENS:
        return DOCUMENTATION
    return TEST_MODE if _TEST_MARK.search(value[:32]) else NO_TEST


def supabase_key(value: bytes, _now: datetime) -> Proof:
    """Tell ``sb_publishable_`` from ``sb_secret_``; how their last eight characters are made is not published."""
    return PUBLIC if value.startswith(b"sb_publishable_") else NO_TEST


def totp(value: bytes, _now: datetime) -> Proof:
    """Check the secret of an ``otpauth://`` address: base32 of at least ten bytes; the one of the documentation is none."""
    from pipeline_guard.scan.proofs.encoding import base32_bytes

    if value.upper().startswith((b"JBSWY3DPEHPK3PXP", b"GEZDGNBVGY3TQOJQ", b"HXDMVJECJJWSRB3H")):
        return DOCUMENTATION
    raw = base32_bytes(value.replace(b"%3D", b""))
    return NO_TEST if raw is not None and len(raw) >= 10 and len(set(raw)) > 4 else NO_SECRET
