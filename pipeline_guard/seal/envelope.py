# SPDX-License-Identifier: Apache-2.0
"""A value under a data key of its own: AES-256-GCM (NIST SP 800-38D), bound to the name and version it is kept under."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.event import canonical
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.model.secret import Secret

NONCE_BYTES = 12
KEY_BYTES = 32
ROW_FORMAT = 2  # of rows that are written now


def associated_data(name: str, version: int, purpose: str) -> bytes:
    """Return what binds a ciphertext to its row and purpose, so that rows and fields cannot be swapped."""
    return canonical({"purpose": f"pipeline-guard/{purpose}/v1", "name": name, "version": version})


def row_data(row: SealedSecret, purpose: str) -> bytes:
    """Return what binds a part of a row to all that must not be changed about it; raise IntegrityError for a format of later.

    Format 1 binds name and version; format 2 the terms too, and the data key to the key that wraps it.
    """
    if row.format == 1:
        return associated_data(row.name, row.version, purpose)
    if row.format != ROW_FORMAT:
        raise IntegrityError(f"the secret {row.name} is sealed in an unknown format", "was it written by a newer pipeline-guard?")
    terms: dict[str, object] = {
        "created": row.created.isoformat(),
        "size": row.size,
        "expires": row.expires.isoformat() if row.expires else "",
        "labels": [list(label) for label in row.labels],
        "note": row.note,
    }
    key = row.wrapping_key
    wrapper = {"key": f"{key.name}/{key.version}/{key.id}"} if purpose == "data-key" else {}
    return canonical({"purpose": f"pipeline-guard/{purpose}/v2", "name": row.name, "version": row.version, "terms": terms, **wrapper})


def close(data_key: Secret, value: Secret, nonce: bytes, associated: bytes) -> bytes:
    """Encrypt ``value``; return the nonce followed by ciphertext and tag. A data key is used once."""
    return nonce + AESGCM(data_key.reveal()).encrypt(nonce, value.reveal(), associated)


def disclose(data_key: Secret, sealed: bytes, associated: bytes) -> Secret:
    """Decrypt what ``close`` made; raise IntegrityError if a bit of it, or of its place, is another."""
    if len(sealed) < NONCE_BYTES + 16:
        raise _changed()
    try:
        return Secret(AESGCM(data_key.reveal()).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated))
    except (InvalidTag, ValueError):
        raise _changed() from None


def _changed() -> IntegrityError:
    return IntegrityError("a sealed value does not open", "the stored row was changed: restore it, or put the secret again")
