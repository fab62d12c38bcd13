# SPDX-License-Identifier: Apache-2.0
"""Proofs of a token's format without any network: verified, contradicted, or no test.

A proof contradicts only where the vendor's check is known and undisputed; an unknown newer version is "no test".
``PROOFS`` maps the names that rules use to functions of (value, now).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum, filters


class State(Enum):
    """What an offline test said. ``NO_SECRET``: the value is public or no credential by its own structure."""

    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    NO_TEST = "no test"
    NO_SECRET = "no secret"


@dataclass(frozen=True, slots=True)
class Proof:
    """The state, a severity where the value itself names a lesser kind, and a note for people."""

    state: State
    severity: Severity | None = None
    note: str = ""


VERIFIED = Proof(State.VERIFIED)
NO_TEST = Proof(State.NO_TEST)
NO_SECRET = Proof(State.NO_SECRET)
CONTRADICTED = Proof(State.CONTRADICTED, note="its checksum or structure does not hold: mutated, cut or made up")
_DOCUMENTATION = Proof(State.CONTRADICTED, note="a value from the vendor's documentation")


def _holds(intact: bool, otherwise: Proof = CONTRADICTED) -> Proof:
    return VERIFIED if intact else otherwise


def _base64(text: bytes, *, url: bool = False) -> bytes | None:
    text = text.rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        return None


def _json(content: bytes | None) -> dict[str, Any] | None:
    if content is None or len(content) > 65_536:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def github_classic(value: bytes, _now: datetime) -> Proof:
    """Check ``ghp_`` and its kin: CRC-32 of the 30-character body in base 62."""
    body = value[4:]
    return _holds(checksum.crc62(body[:30]) == body[30:]) if len(body) == 36 else NO_TEST


def github_fine_grained(value: bytes, _now: datetime) -> Proof:
    """Check ``github_pat_``: eight base-32 digits of SHA-256; reported differently by others, so it only raises."""
    tail = value[34:]
    return _holds(len(value) == 93 and checksum.sha_base32(value[:77]) == tail[43:51], NO_TEST)


def github_app(value: bytes, now: datetime) -> Proof:
    """Check ``ghs_<id>_<JWT>``: the JWT parses and tells its age."""
    return _jwt(value.split(b"_", 2)[-1], now, otherwise=NO_TEST)


def gitlab_routable(value: bytes, _now: datetime) -> Proof:
    """Check ``glpat-<payload>.01.<length><crc>``; the older form without the version only raises."""
    body, tail = value[:-7], value[-7:]
    good = checksum.crc36(body) == tail
    if b".01." not in value:
        return _holds(good, NO_TEST)
    payload = value.split(b".")[0].partition(b"-")[2]
    return _holds(good and int(value[-9:-7], 36) == len(payload))


def vercel(value: bytes, _now: datetime) -> Proof:
    """Check ``vcp_`` and its kin: CRC-32 of the 50-character body in base 62."""
    return _holds(checksum.crc62(value[4:54]) == value[54:])


def cloudflare(value: bytes, _now: datetime) -> Proof:
    """Check ``cfk_`` and its kin: CRC-32 of the 40-character body in hexadecimal."""
    return _holds(checksum.crc_hex(value.partition(b"_")[2][:40]) == value[-8:])


def confluent(value: bytes, _now: datetime) -> Proof:
    """Check ``cflt``: CRC-32 of the 54-character body, little-endian, in base 64."""
    return _holds(base64.b64encode(checksum.crc_little(value[4:58]))[:6] == value[58:])


def atlassian(value: bytes, _now: datetime) -> Proof:
    """Check ``ATATT``, ``ATCTT``, ``ATBB``: CRC-32 of all before, in upper-case hexadecimal."""
    plain = value.replace(b"%3D", b"=").replace(b"\\=", b"=")
    return _holds(checksum.crc_hex(plain[:-8]).upper() == plain[-8:])


def zuplo(value: bytes, _now: datetime) -> Proof:
    """Check ``zpka_``: CRC-32 of the 32-character body in hexadecimal."""
    return _holds(checksum.crc_hex(value[5:37]) == value[38:])


def grafana_account(value: bytes, _now: datetime) -> Proof:
    """Check ``glsa_``: CRC-32 of prefix and body, hexadecimal of its little-endian bytes."""
    return _holds(checksum.crc_little(value[:37]).hex().encode() == value[38:].lower())


def grafana_cloud(value: bytes, _now: datetime) -> Proof:
    """Check ``glc_``: base64 JSON with o, n, k and m."""
    found = _json(_base64(value[4:]))
    return _holds(found is not None and {"o", "n", "k", "m"} <= set(found))


def sentry_organisation(value: bytes, _now: datetime) -> Proof:
    """Check ``sntrys_``: base64 JSON with iat, url, region_url and org."""
    found = _json(_base64(value[7:].rpartition(b"_")[0]))
    return _holds(found is not None and {"iat", "url", "org"} <= set(found))


def onepassword_account(value: bytes, _now: datetime) -> Proof:
    """Check ``ops_``: base64 JSON with secretKey."""
    found = _json(_base64(value[4:], url=True))
    return _holds(found is not None and "secretKey" in found)


def azure_devops(value: bytes, _now: datetime) -> Proof:
    """Check the 52-character access token: a CRC-32 spread over four of its 32 bytes (Microsoft security-utilities)."""
    raw = base64.b32decode(value.upper() + b"====")
    body = raw[0:2] + raw[3:7] + raw[9:22] + raw[23:32]
    stored = raw[22] | raw[8] << 8 | raw[7] << 16 | raw[2] << 24
    import zlib

    return _holds(zlib.crc32(body) ^ stored in (0xE0B9692D, 0x1019F92E), NO_TEST)


def entra_secret(value: bytes, _now: datetime) -> Proof:
    """Check ``xxx8Q~``: Marvin32 of all before, three base-66 digits; ``7Q~`` has no check."""
    if len(value) != 40 or value[3:6] != b"8Q~":
        return NO_TEST
    return _holds(checksum.entra_tail(value[:-3]) == value[-3:])


AZURE_SEEDS = (
    b"Default0", b"AbAcct00", b"MastRO00", b"MastRW00", b"SysAll00", b"SystRO00", b"SystRW00", b"Resour00", b"Encryp00",
    b"Send0000", b"Listen00", b"Manage00", b"System00", b"Unknown0", b"Access00", b"Search00", b"Query000", b"PAdmin00",
    b"Functi00", b"Master00", b"ACRDflt0", b"IoTHub00", b"DpsKey00", b"Device00", b"Tenant00", b"Gatewy00", b"GitKey00",
    b"Classic0", b"SendRecv",
)  # fmt: skip


def azure_key(value: bytes, _now: datetime) -> Proof:
    """Check azure's identifiable keys: Marvin32 over all bytes but the last four (Microsoft security-utilities)."""
    raw = _base64(value.replace(b"-", b"+").replace(b"_", b"/"))
    if raw is None or len(raw) < 32:
        return NO_TEST
    stored = int.from_bytes(raw[-4:], "little")
    good = any(checksum.marvin(raw[:-4], seed) == stored for seed in AZURE_SEEDS)
    return _holds(good, CONTRADICTED if b"+ASt" in value or b"AzCa" in value else NO_TEST)


def age(value: bytes, _now: datetime) -> Proof:
    """Check an age identity: bech32 over its human-readable part."""
    low = value.lower()
    prefix, _, body = low.rpartition(b"1")
    return _holds(checksum.bech32_polymod(prefix, [checksum.BECH32.find(character) for character in body]) == 1)


def extended_key(value: bytes, _now: datetime) -> Proof:
    """Check BIP-32 keys and wallet import format: base58check. Nothing else looks like it, so a failure is no secret."""
    raw = checksum.base58_bytes(value)
    return _holds(raw is not None and len(raw) > 4 and checksum.double_sha(raw[:-4]) == raw[-4:], NO_SECRET)


def crc16_seed(value: bytes, _now: datetime) -> Proof:
    """Check Stellar and NATS seeds: CRC-16 at their end; without it the letters mean nothing."""
    raw = base64.b32decode(value + b"=" * (-len(value) % 8))
    return _holds(checksum.crc16(raw[:-2]) == raw[-2:], NO_SECRET)


def pypi(value: bytes, _now: datetime) -> Proof:
    """Check a macaroon of version 2: location, identifier, caveats, and a signature of 32 bytes at the end."""
    raw = _base64(value[5:], url=True)
    if raw is None or raw[:1] != b"\x02":
        return CONTRADICTED
    place, kind, size = 1, 0, 0
    while place < len(raw):
        kind, place = _varint(raw, place)
        if kind == 0:
            continue
        size, place = _varint(raw, place)
        place += size
    return _holds(place == len(raw) and kind == 6 and size == 32)


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(raw) and shift < 35:
        byte = raw[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            break
    return number, place


_AWS_DOCUMENTATION = {581039954779, 609629065308, 534261010715}  # the documentation key's account; public canary accounts


def aws_access_key(value: bytes, _now: datetime) -> Proof:
    """Check Base32 only; characters 5 to 14 hold the account. No checksum, so it never verifies."""
    if not re.fullmatch(rb"[A-Z2-7]{16}", value[4:]):
        return CONTRADICTED
    raw = base64.b32decode(value[4:14] + b"======")
    account = (int.from_bytes(raw[:6], "big") & 0x7FFFFFFFFF80) >> 7
    if account in _AWS_DOCUMENTATION:
        return _DOCUMENTATION
    return Proof(State.NO_TEST, note=f"account {account:012d}" if account < 10**12 else "")


def jwt(value: bytes, now: datetime) -> Proof:
    """Check a JWT whose header and payload parse; expired, unsigned and public ones are of lesser severity."""
    return _jwt(value, now, otherwise=CONTRADICTED)


def _jwt(value: bytes, now: datetime, *, otherwise: Proof) -> Proof:
    parts = value.split(b".")
    if len(parts) < 3:
        return otherwise
    header, payload = _json(_base64(parts[0], url=True)), _json(_base64(parts[1], url=True))
    if header is None or payload is None or not isinstance(header.get("alg"), str):
        return otherwise
    if payload.get("iss") == "supabase-demo" or (payload.get("iss") == "supabase" and payload.get("role") == "anon"):
        return Proof(State.VERIFIED, Severity.INFO, "public by design")
    if payload.get("name") == "John Doe" and payload.get("sub") == "1234567890":
        return _DOCUMENTATION
    if header["alg"].lower() == "none":
        return Proof(State.VERIFIED, Severity.LOW, "not signed")
    expires = payload.get("exp")
    if isinstance(expires, int | float) and expires < now.timestamp():
        return Proof(State.VERIFIED, Severity.INFO, "expired")
    return VERIFIED


def private_key(value: bytes, _now: datetime) -> Proof:
    """Check a PEM block that parses as a private key; an encrypted one is of lesser severity."""
    verdicts = [_private_key(block) for block in _unfolded(value)]
    telling = [one for one in verdicts if one.state is State.VERIFIED or one.severity]
    open_ones = [one for one in verdicts if one.state is not State.CONTRADICTED]
    return (telling or open_ones or verdicts)[0]


def _private_key(block: bytes) -> Proof:
    label = re.match(rb"-----BEGIN ([A-Z0-9 ]+)-----", block)
    if label is None:
        return NO_TEST
    if label[1] == b"OPENSSH PRIVATE KEY":
        return _openssh(block)
    if b"ENCRYPTED" in block:
        return Proof(State.NO_TEST, Severity.MEDIUM, "encrypted with a passphrase")
    if label[1] not in (b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"PRIVATE KEY"):
        return NO_TEST
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        load_pem_private_key(block, password=None)
    except UnsupportedAlgorithm:
        return NO_TEST
    except (ValueError, TypeError):
        return CONTRADICTED if _is_broken(block) else NO_TEST
    return VERIFIED


def _unfolded(value: bytes) -> Iterator[bytes]:
    """Undo what source code and JSON do to a PEM block: escaped newlines and indentation; then quotes and marks too.

    A plus sign may belong to the base64 or to a concatenation, so all readings are given.
    """
    text = re.sub(rb"(?:\\r)?\\n|\\\n", b"\n", value).replace(b"\\/", b"/").replace(b"\\", b"")
    for edge in (rb"\s", rb"\s\"',;", rb"\s\"'+>#*|,;"):
        lines = [re.sub(rb"^[" + edge + rb"]+|[" + edge + rb"]+$", b"", line) for line in text.splitlines()]
        joined = b"\n".join(line for line in lines if line)
        found = re.match(rb"(-----BEGIN [A-Z0-9 ]+-----)\s*(.*?)\s*(-----END [A-Z0-9 ]+-----)", joined, re.S)
        yield b"\n".join(part for part in found.groups() if part) + b"\n" if found else joined


def _is_broken(block: bytes) -> bool:
    """Tell whether the body is no complete DER sequence: cut, elided or invented."""
    body = b"".join(line for line in block.splitlines() if not line.startswith(b"-----") and b":" not in line)
    raw = _base64(body)
    if raw is None or len(raw) < 32 or raw[0] != 0x30:
        return True
    size = raw[1]
    if size < 128:
        return len(raw) != 2 + size
    width = size & 127
    return width > 4 or len(raw) != 2 + width + int.from_bytes(raw[2 : 2 + width], "big")


def _openssh(block: bytes) -> Proof:
    """Check the openssh-key-v1 container: cipher none and two equal check integers mean a bare, whole key."""
    body = b"".join(line for line in block.splitlines() if not line.startswith(b"-----"))
    raw = _base64(body)
    if raw is None or not raw.startswith(b"openssh-key-v1\0"):
        return NO_TEST
    fields, place = [], 15
    for index in range(5):  # cipher, kdf, kdf options, (number of keys,) public key, private part
        if index == 3:
            place += 4
        size = int.from_bytes(raw[place : place + 4], "big")
        fields.append(raw[place + 4 : place + 4 + size])
        place += 4 + size
    if fields[0] != b"none":
        return Proof(State.NO_TEST, Severity.MEDIUM, "encrypted with a passphrase")
    return _holds(len(fields[4]) > 16 and fields[4][:4] == fields[4][4:8] and place == len(raw), NO_TEST)


_STOP_PASSWORDS = {
    b"password", b"passwd", b"pass", b"pwd", b"secret", b"token", b"user", b"username", b"root", b"admin", b"test", b"guest", b"postgres",
    b"mysql", b"mypassword", b"mysecret", b"key", b"none", b"null", b"string", b"pw", b"xxx", b"abc", b"foo", b"bar", b"dbpassword",
    b"db_password",
    b"redis", b"mongodb", b"mongo", b"rabbitmq", b"rabbit", b"letmein", b"mariadb", b"elastic", b"minio", b"tiger", b"hunter2", b"example",
}  # fmt: skip


def is_stop_password(value: bytes) -> bool:
    """Tell whether a password is the word that stands for one."""
    return value.lower() in _STOP_PASSWORDS or filters.is_placeholder(value)


def url_password(value: bytes, _now: datetime) -> Proof:
    """Check the password of a URL: the words and variables that stand for one are no secret."""
    if is_stop_password(value) or len(value) < 3 or re.fullmatch(rb"[.$%{}<>*\[\]()\\]+.*|[A-Z]+(?:_[A-Z]+)+|.*[{}()<>|\\\[\]].*", value):
        return NO_SECRET
    return NO_TEST


def basic_auth(value: bytes, _now: datetime) -> Proof:
    """Check Base64 of ``user:password``; anything else is no secret."""
    raw = _base64(value)
    if raw is None or raw.count(b":") < 1 or not all(32 <= byte < 127 for byte in raw):
        return NO_SECRET
    user, _, password = raw.partition(b":")
    return NO_SECRET if len(password) < 3 or is_stop_password(password) or (user == password and len(user) < 8) else VERIFIED


def discord_bot(value: bytes, _now: datetime) -> Proof:
    """Check the first part is a snowflake of 17 to 20 digits in base 64; the shape has no checksum."""
    raw = _base64(value.split(b".")[0], url=True)
    return NO_TEST if raw is not None and re.fullmatch(rb"\d{17,20}", raw) else NO_SECRET


def numbered_base64(value: bytes, _now: datetime) -> Proof:
    """Check Jira and Confluence access tokens: base64 of ``number:bytes``; other shapes mean nothing."""
    raw = _base64(value)
    return _holds(raw is not None and re.match(rb"[1-9]\d{3,14}:", raw) is not None, NO_SECRET)


def jfrog_reference(value: bytes, _now: datetime) -> Proof:
    """Check a JFrog reference token: base64 of ``reftkn:``, two numbers and a text."""
    raw = _base64(value)
    return _holds(raw is not None and re.fullmatch(rb"reftkn:\d+:\d+:[A-Za-z0-9]+", raw) is not None, NO_TEST)


PROOFS: Mapping[str, Callable[[bytes, datetime], Proof]] = {
    "age": age,
    "atlassian": atlassian,
    "aws-access-key": aws_access_key,
    "azure-devops": azure_devops,
    "azure-key": azure_key,
    "basic-auth": basic_auth,
    "cloudflare": cloudflare,
    "confluent": confluent,
    "crc16-seed": crc16_seed,
    "discord-bot": discord_bot,
    "entra-secret": entra_secret,
    "extended-key": extended_key,
    "github-app": github_app,
    "github-classic": github_classic,
    "github-fine-grained": github_fine_grained,
    "gitlab-routable": gitlab_routable,
    "grafana-account": grafana_account,
    "grafana-cloud": grafana_cloud,
    "jfrog-reference": jfrog_reference,
    "jwt": jwt,
    "numbered-base64": numbered_base64,
    "onepassword-account": onepassword_account,
    "private-key": private_key,
    "pypi": pypi,
    "sentry-organisation": sentry_organisation,
    "url-password": url_password,
    "vercel": vercel,
    "zuplo": zuplo,
}
