# SPDX-License-Identifier: Apache-2.0
"""The header of a sealed file: four lines of text, version first, authenticated under a key that the data key gives.

The payload's key depends on the first two lines only, so that recipients can be replaced without touching the payload.
Writing and reading are strict: there is one spelling of every header, and any other is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.event import canonical
from pipeline_guard.model.sealed_file import Header, Layout, Recipient, SealedKind
from pipeline_guard.model.secret import Secret

FIRST_LINE = b"pipeline-guard/sealed/v1\n"
CIPHER = "AES-256-GCM"
KEY_BYTES = 32
SALT_BYTES = 32
LEAST_CHUNK, MOST_CHUNK = 4096, 4 * 1024 * 1024
MOST_RECIPIENTS = 64
LIMIT = 64 * 1024  # bytes of a header; 64 recipients with names of 128 bytes need less
_MAC_LINE = 2 * 32 + 1
_PURPOSE = "pipeline-guard/sealed/v1"


@dataclass(frozen=True, slots=True)
class UnverifiedHeader:
    """A header that is well formed; nobody has vouched for it yet."""

    layout: Layout
    recipients: tuple[Recipient, ...]
    authenticated: bytes
    code: bytes


def render(data_key: Secret, layout: Layout, recipients: Sequence[Recipient]) -> bytes:
    """Return the header; raise UsageError for no or too many recipients."""
    if not 1 <= len(recipients) <= MOST_RECIPIENTS:
        raise UsageError(f"a file is sealed to 1 to {MOST_RECIPIENTS} keys, not {len(recipients)}", "name wrapping keys with --key")
    body = _fixed_lines(layout) + _recipient_line(recipients)
    return body + _code(data_key, layout, body).hex().encode() + b"\n"


def parse(unverified: bytes) -> UnverifiedHeader:
    """Read a header at the beginning of ``unverified`` (give LIMIT bytes, or the whole file); raise IntegrityError."""
    if not unverified.startswith(FIRST_LINE):
        raise _not_sealed(unverified)
    lines = unverified[:LIMIT].split(b"\n", 4)
    if len(lines) != 5:
        raise _changed()
    layout = _layout(_fields(lines[1], {"chunk", "cipher", "file", "kind"}))
    recipients = _recipients(_fields(lines[2], {"recipients"}))
    authenticated = _fixed_lines(layout) + _recipient_line(recipients)
    code = _unhex(lines[3].decode("ascii", "replace"), 32)
    if authenticated + code.hex().encode() + b"\n" != b"\n".join(lines[:4]) + b"\n":
        raise _changed()  # not the one spelling
    return UnverifiedHeader(layout, recipients, authenticated, code)


def verify(unverified: UnverifiedHeader, data_key: Secret) -> Header:
    """Return the header if the data key vouches for every byte of it; raise IntegrityError."""
    if not hmac.compare_digest(_code(data_key, unverified.layout, unverified.authenticated), unverified.code):
        raise _changed()
    return Header(unverified.layout, unverified.recipients, len(unverified.authenticated) + _MAC_LINE)


def file_digest(layout: Layout) -> bytes:
    """Return the SHA-256 of the two lines that never change: the file's identity."""
    return hashlib.sha256(_fixed_lines(layout)).digest()


def wrapping_data(layout: Layout, name: str, version: int) -> bytes:
    """Return what binds a wrapped data key to its file and to its recipient."""
    return canonical({"file": file_digest(layout).hex(), "key": name, "purpose": _PURPOSE, "version": version})


def payload_key(data_key: Secret, layout: Layout) -> Secret:
    """Derive the key of the payload (HKDF-SHA-256, RFC 5869), bound to the file's identity."""
    return _derived(data_key, layout, b"payload")


def _code(data_key: Secret, layout: Layout, body: bytes) -> bytes:
    return hmac.new(_derived(data_key, layout, b"header").reveal(), body, hashlib.sha256).digest()


def _derived(data_key: Secret, layout: Layout, purpose: bytes) -> Secret:
    context = _PURPOSE.encode() + b" " + purpose + b" " + file_digest(layout)
    return Secret(HKDF(SHA256(), KEY_BYTES, layout.salt, context).derive(data_key.reveal()))


def _fixed_lines(layout: Layout) -> bytes:
    fields = {"chunk": layout.chunk, "cipher": CIPHER, "kind": layout.kind.value, "file": layout.salt.hex()}
    return FIRST_LINE + canonical(fields) + b"\n"


def _recipient_line(recipients: Sequence[Recipient]) -> bytes:
    rows = [{"id": r.id, "key": r.name, "version": r.version, "wrapped": base64.b64encode(r.wrapped).decode()} for r in recipients]
    return canonical({"recipients": rows}) + b"\n"


def _fields(line: bytes, wanted: set[str]) -> dict[str, Any]:
    """Read one line of JSON with exactly these names; doubled names fall to the comparison with the one spelling."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise _changed() from None
    if not isinstance(fields, dict) or fields.keys() != wanted:
        raise _changed()
    return fields


def _layout(fields: dict[str, Any]) -> Layout:
    chunk = fields["chunk"]
    if type(chunk) is not int or not LEAST_CHUNK <= chunk <= MOST_CHUNK or chunk & (chunk - 1) or fields["cipher"] != CIPHER:
        raise _changed()
    try:
        kind = SealedKind(fields["kind"])
    except ValueError:
        raise _changed() from None
    return Layout(kind, chunk, _unhex(fields["file"], SALT_BYTES))


def _recipients(fields: dict[str, Any]) -> tuple[Recipient, ...]:
    rows = fields["recipients"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_RECIPIENTS:
        raise _changed()
    return tuple(_recipient(row) for row in rows)


def _recipient(row: Any) -> Recipient:
    if not isinstance(row, dict) or row.keys() != {"id", "key", "version", "wrapped"}:
        raise _changed()
    name, version, wrapped = row["key"], row["version"], row["wrapped"]
    if not isinstance(name, str) or not 1 <= len(name) <= 128 or not name.isascii() or not name.isprintable():
        raise _changed()
    if type(version) is not int or not 1 <= version < 2**31 or not isinstance(wrapped, str) or len(wrapped) > 512:
        raise _changed()
    try:
        return Recipient(name, version, _unhex(row["id"]).hex(), base64.b64decode(wrapped, validate=True))
    except binascii.Error:
        raise _changed() from None


def _unhex(text: Any, count: int = 0) -> bytes:
    try:
        value = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise _changed() from None
    if (count and len(value) != count) or not 1 <= len(value) <= 64:
        raise _changed()
    return value


def _not_sealed(unverified: bytes) -> IntegrityError:
    family = FIRST_LINE[:-2]
    if unverified.startswith(family) and unverified[len(family) : len(family) + 1].isdigit():
        return IntegrityError("sealed by a newer pipeline-guard, or changed", "upgrade pipeline-guard on this machine")
    return IntegrityError("not a sealed file, or its first line was changed", "name a file that pipeline-guard seal has written")


def _changed() -> IntegrityError:
    return IntegrityError("the header of the sealed file was changed or cut", "take the file from where it was sealed, or from a backup")
