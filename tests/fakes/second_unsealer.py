# SPDX-License-Identifier: Apache-2.0
"""A second implementation of sealed files, written from docs/formats.md alone: it shares no line with the package."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Keys = Callable[[str, int], bytes | None]  # name and version to the wrapping key, where we have it


def unseal(content: bytes, keys: Keys) -> bytes:
    """Return the payload of a sealed file; any exception means that it does not open."""
    version, fixed, recipients, code, sealed = content.split(b"\n", 4)
    if version != b"pipeline-guard/sealed/v1":
        raise ValueError("unknown version")
    layout = json.loads(fixed)
    identity = hashlib.sha256(version + b"\n" + fixed + b"\n").digest()
    data_key = _data_key(json.loads(recipients)["recipients"], identity, keys)

    def derive(purpose: bytes) -> bytes:
        info = b"pipeline-guard/sealed/v1 " + purpose + b" " + identity
        return HKDF(hashes.SHA256(), 32, bytes.fromhex(layout["file"]), info).derive(data_key)

    vouched = hmac.digest(derive(b"header"), b"\n".join((version, fixed, recipients, b"")), "sha256")
    if not hmac.compare_digest(vouched.hex().encode(), code) or layout["cipher"] != "AES-256-GCM":
        raise ValueError("header changed")
    payload_cipher = AESGCM(derive(b"payload"))
    step = layout["chunk"] + 16
    chunks = [sealed[start : start + step] for start in range(0, max(len(sealed), 1), step)]
    if len(chunks) > 1 and len(chunks[-1]) <= 16:
        raise ValueError("an empty chunk after a full one")
    plain = b""
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        plain += payload_cipher.decrypt(number.to_bytes(11, "big") + bytes([last]), chunk, b"")
    return plain


def unpack(archive: bytes) -> dict[str, tuple[str, bytes]]:
    """Return the entries of a sealed folder: path to kind and content."""
    found = {}
    while True:
        kind, length, size = struct.unpack(">cHQ", archive[:11])
        path, content = archive[11 : 11 + length].decode(), archive[11 + length : 11 + length + size]
        archive = archive[11 + length + size :]
        if kind == b"E":
            break
        found[path] = (kind.decode(), content)
    if archive or length or size:
        raise ValueError("something follows the end")
    return found


def _data_key(recipients: list[dict[str, object]], identity: bytes, keys: Keys) -> bytes:
    for recipient in recipients:
        name, version, wrapped = recipient["key"], recipient["version"], base64.b64decode(str(recipient["wrapped"]))
        wrapping_key = keys(str(name), int(str(version)))
        if wrapping_key is None:
            continue
        bound = {"file": identity.hex(), "key": name, "purpose": "pipeline-guard/sealed/v1", "version": version}
        associated = json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()
        if wrapped[:1] != b"\x01":
            raise ValueError("unknown wrapping")
        return AESGCM(wrapping_key).decrypt(wrapped[1:13], wrapped[13:], associated)
    raise ValueError("none of our keys")
