# SPDX-License-Identifier: Apache-2.0
"""Proofs of key files of single tools: PuTTY, ssh.com, cosign, minisign, signify."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proofs.encoding import base64_bytes, json_object, strings
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, ENCRYPTED, NO_SECRET, NO_TEST, Kind, Proof, State, holds

_SEALED = Proof(State.VERIFIED, Severity.MEDIUM, ENCRYPTED.note, Kind.ENCRYPTED)


def putty(value: bytes, _now: datetime) -> Proof:
    """Check a PPK of version 2 or 3 (PuTTY's manual, appendix C): the MAC over all parts where there is no passphrase."""
    lines = [line.strip() for line in re.sub(rb"(?:\\r)?\\n", b"\n", value).splitlines()]
    fields: dict[bytes, bytes] = {}
    blobs: dict[bytes, bytes] = {}
    place = 0
    while place < len(lines):
        name, colon, rest = lines[place].partition(b": ")
        place += 1
        if not colon:
            continue
        fields[name] = rest
        if name in (b"Public-Lines", b"Private-Lines") and rest.isdigit() and int(rest) < 1000:
            blobs[name] = base64_bytes(b"".join(lines[place : place + int(rest)])) or b""
            place += int(rest)
    if fields.get(b"Encryption", b"") != b"none":
        return ENCRYPTED
    version = 3 if b"PuTTY-User-Key-File-3" in fields else 2
    parts = [fields.get(b"PuTTY-User-Key-File-%d" % version, b""), b"none", fields.get(b"Comment", b"")]
    parts += [blobs.get(name, b"") for name in (b"Public-Lines", b"Private-Lines")]
    body = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    key = hashlib.sha1(b"putty-private-key-file-mac-key", usedforsecurity=False).digest() if version == 2 else b""
    mac = hmac.new(key, body, "sha1" if version == 2 else "sha256").hexdigest().encode()
    return holds(mac == fields.get(b"Private-MAC", b"").lower(), NO_TEST)


def ssh_com(value: bytes, _now: datetime) -> Proof:
    """Check a key of ssh.com and Tectia: the magic number, then a cipher; "none" means bare."""
    body = re.sub(rb"(?:\\r)?\\n", b"\n", value)
    lines = [line.strip() for line in body.splitlines()]
    raw = base64_bytes(
        b"".join(line for line in lines if line and not line.startswith(b"----") and b":" not in line and line[-1:] != b"\\")
    )
    if raw is None or raw[:4] != b"\x3f\x6f\xf9\xeb":
        return NO_TEST
    (_kind, _), (cipher, _end) = strings(raw, 8, 2)
    return holds(True) if cipher == b"none" else _SEALED


def cosign(value: bytes, _now: datetime) -> Proof:
    """Check an encrypted key of cosign: base64 JSON that names the derivation, the cipher and the ciphertext."""
    body = re.sub(rb"(?:\\r)?\\n|\s|[\"']", b"", re.sub(rb"-----[A-Z ]+-----", b"", value))
    found = json_object(base64_bytes(body))
    return _SEALED if found is not None and {"kdf", "cipher", "ciphertext"} <= set(found) else CONTRADICTED


def signify(value: bytes, _now: datetime) -> Proof:
    """Check secret keys of minisign (158 bytes) and signify (104 bytes): a bare one holds its own checksum."""
    raw = base64_bytes(value)
    if raw is None or raw[:2] != b"Ed":
        return NO_SECRET
    if len(raw) == 158 and raw[4:6] == b"B2":
        if raw[2:4] == b"Sc":
            return _SEALED
        return holds(hashlib.blake2b(raw[:2] + raw[54:126], digest_size=32).digest() == raw[126:], NO_TEST)
    if len(raw) == 104 and raw[2:4] == b"BK":
        if raw[4:8] != b"\0\0\0\0":
            return _SEALED
        return holds(hashlib.sha512(raw[40:]).digest()[:8] == raw[24:32], NO_TEST)
    return NO_SECRET
