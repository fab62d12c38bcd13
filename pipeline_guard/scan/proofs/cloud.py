# SPDX-License-Identifier: Apache-2.0
"""Proofs of credentials of clouds and their tools; Azure's have a file of their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pipeline_guard.scan import checksum
from pipeline_guard.scan.proofs import pem
from pipeline_guard.scan.proofs.encoding import base32_bytes, base64_bytes, json_object, protobuf
from pipeline_guard.scan.proofs.outcome import (
    CANARY,
    CONTRADICTED,
    DOCUMENTATION,
    EXPIRED,
    MOMENT,
    NO_SECRET,
    NO_TEST,
    VERIFIED,
    Proof,
    State,
    holds,
)
from pipeline_guard.scan.proofs.published import GOOGLE_KEYS, fingerprint

_AWS_DOCUMENTED = 581039954779  # of the key in Amazon's documentation
_AWS_CANARIES = {609629065308, 534261010715}  # public canary services


def aws_access_key(value: bytes, _now: datetime) -> Proof:
    """Check Base32 only; characters 5 to 14 hold the account. No checksum, so it never verifies."""
    if not re.fullmatch(rb"[A-Z2-7]{16}", value[4:]):
        return CONTRADICTED
    raw = base32_bytes(value[4:14]) or b""
    account = (int.from_bytes(raw[:6], "big") & 0x7FFFFFFFFF80) >> 7
    if account in _AWS_CANARIES:
        return CANARY
    if account == _AWS_DOCUMENTED:
        return DOCUMENTATION
    return Proof(State.NO_TEST, note=f"account {account:012d}" if account < 10**12 else "")


def aws_bedrock(value: bytes, now: datetime) -> Proof:
    """Check a long key (base64 of a name, a colon and a secret) or a short one (a signed URL in base64, which expires)."""
    if value.startswith(b"bedrock-api-key-"):
        raw = base64_bytes(value[16:]) or base64_bytes(value[16:], url=True) or base64_bytes(value[16 : 16 + (len(value) - 16) // 4 * 4])
        if raw is None or not raw.startswith(b"bedrock.amazonaws.com/"):
            return NO_TEST
        return _aws_signed(raw, now)
    raw = base64_bytes(value[4:])
    return holds(raw is not None and re.match(rb"(?:\x00?)(?:BedrockAPIKey-)[\w+=,.@\-]{1,128}:", raw) is not None, NO_TEST)


def _aws_signed(query: bytes, now: datetime) -> Proof:
    date = re.search(rb"X-Amz-Date=(\d{8}T\d{6})Z", query)
    length = re.search(rb"X-Amz-Expires=(\d{1,7})(?!\d)", query)
    return _lifetime(date, length, now)


def _lifetime(date: re.Match[bytes] | None, length: re.Match[bytes] | None, now: datetime) -> Proof:
    if date is None or length is None:
        return NO_TEST
    try:
        until = datetime.strptime(date[1].decode(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + timedelta(seconds=int(length[1]))
    except (ValueError, OverflowError):
        return NO_TEST
    if until < now:
        return NO_SECRET if int(length[1]) <= MOMENT else EXPIRED
    return Proof(State.VERIFIED, note=f"valid until {until.date()}")


def signed_url(_value: bytes, around: bytes, now: datetime) -> Proof:
    """Check a pre-signed URL of S3 or Cloud Storage: its date and lifetime say whether it still opens anything."""
    place = max(around.find(_value), 0)
    start = max(around.rfind(mark, 0, place) for mark in (b" ", b"\n", b'"', b"'", b"`", b"<", b"(")) + 1
    url = around[start:place] + re.split(rb"[\s\"'<>`)]", around[place:], maxsplit=1)[0]
    for vendor in (rb"(?i)X-Amz-", rb"(?i)X-Goog-"):
        date = re.search(vendor + rb"Date=(\d{8}T\d{6})Z", url)
        length = re.search(vendor + rb"Expires=(\d{1,7})(?!\d)", url)
        if date and length:
            return _lifetime(date, length, now)
    return NO_TEST


def google_key(value: bytes, _now: datetime) -> Proof:
    """Check an API key against those that Google prints itself; there is no checksum."""
    return DOCUMENTATION if fingerprint(value) in GOOGLE_KEYS else NO_TEST


def google_service_account(value: bytes, around: bytes, now: datetime) -> Proof:
    """Check the JSON of a service account: its key parses, with a 40-digit id and an address of Google's beside it."""
    key = pem.private_key(value, now)
    if key.state is not State.VERIFIED:
        return key
    named = re.search(rb'private_key_id\\?"\s{0,8}:\s{0,8}\\?"[0-9a-f]{40}\\?"', around)
    mail = re.search(rb'client_email\\?"\s{0,8}:\s{0,8}\\?"[a-z0-9.\-]{1,100}@[a-z0-9.\-]{1,100}\.gserviceaccount\.com', around)
    return VERIFIED if named and mail else Proof(State.VERIFIED, note="the key is whole, the account beside it is not")


def google_user(value: bytes, around: bytes, _now: datetime) -> Proof:
    """Check the file of ``gcloud auth application-default login``: refresh token, client id and type in one object."""
    kind = re.search(rb'"type"\s{0,8}:\s{0,8}"authorized_user"', around)
    client = re.search(rb'"client_id"\s{0,8}:\s{0,8}"\d{6,21}-[a-z0-9]{32}\.apps\.googleusercontent\.com"', around)
    return holds(bool(kind and client and value.startswith(b"1//")), NO_TEST)


def cloudflare(value: bytes, _now: datetime) -> Proof:
    """Check ``cfk_`` and its kin: CRC-32 of the 40-character body in hexadecimal."""
    body = value.partition(b"_")[2]
    return holds(checksum.crc_hex(body[:40]) == body[40:]) if len(body) == 48 else NO_TEST


def cloudflare_tunnel(value: bytes, _now: datetime) -> Proof:
    """Check a tunnel token: base64 JSON of account, tunnel and secret."""
    found = json_object(base64_bytes(value)) or {}
    account, tunnel, secret = (found.get(key) for key in "ats")
    if not (isinstance(account, str) and isinstance(tunnel, str) and isinstance(secret, str)):
        return CONTRADICTED
    raw = base64_bytes(secret.encode("utf-8", "replace"))
    return holds(re.fullmatch(r"[0-9a-f]{32}", account) is not None and raw is not None and len(raw) >= 16, NO_TEST)


def vercel(value: bytes, _now: datetime) -> Proof:
    """Check ``vcp_`` and its kin: CRC-32 of the 50-character body in base 62."""
    return holds(checksum.crc62(value[4:54]) == value[54:]) if len(value) == 60 else NO_TEST


def vault_token(value: bytes, _now: datetime) -> Proof:
    """Check ``hvs.CAES``: a protobuf of version 1, an HMAC of 32 bytes, and a message that names the token; others have no check."""
    body = value[4:]
    if not value.startswith((b"hvs.CAES", b"hvb.CAES")):
        return NO_TEST
    outer = protobuf(base64_bytes(body, url=True) or b"\0") or {}
    mac, inner = outer.get(2), outer.get(3)
    if outer.get(1) != 1 or not isinstance(mac, bytes) or len(mac) != 32 or not isinstance(inner, bytes):
        return NO_TEST
    name = (protobuf(inner) or {}).get(1)
    return holds(isinstance(name, bytes) and name.startswith((b"hvs.", b"s.", b"hvb.")), NO_TEST)


def fly_token(value: bytes, _now: datetime) -> Proof:
    """Check ``fm1r_``, ``fm2_`` and their kin: base64 of a MessagePack array, as Fly.io's macaroons begin."""
    raw = base64_bytes(value.rpartition(b"_")[2].split(b",")[0]) or b""
    return holds(raw[:1] in (b"\x93", b"\x94", b"\x95") and len(raw) > 48, NO_TEST)


def confluent(value: bytes, _now: datetime) -> Proof:
    """Check ``cflt``: CRC-32 of the 54-character body, little-endian, in base 64."""
    from base64 import b64encode

    return holds(b64encode(checksum.crc_little(value[4:58]))[:6] == value[58:]) if len(value) == 64 else NO_TEST
