# SPDX-License-Identifier: Apache-2.0
"""What any bundle may carry, whoever signed it: timestamps, and signatures of blobs that are known by their digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.statement import BLOB

MAX_TIMESTAMPS = 32
_DIGESTS = {"SHA2_256": ("sha256", 32), "SHA2_384": ("sha384", 48), "SHA2_512": ("sha512", 64)}


@dataclass(frozen=True, slots=True)
class MessageSignature:
    """A signature over a blob that is known by its digest; ``algorithm`` by our names."""

    algorithm: str
    digest: bytes
    signature: bytes


def read_timestamps(material: Mapping[str, Any], fields: Fields) -> tuple[bytes, ...]:
    """Return the time-stamp responses of a bundle's verificationMaterial, unverified. Raises IntegrityError."""
    carried = fields.mapping(material.get("timestampVerificationData") or {}, "timestampVerificationData", "", "rfc3161Timestamps")
    found = tuple(
        fields.base64(fields.mapping(value, "a timestamp", "signedTimestamp", "")["signedTimestamp"], "signedTimestamp")
        for value in fields.elements(carried.get("rfc3161Timestamps"), "rfc3161Timestamps", MAX_TIMESTAMPS)
    )
    if len(set(found)) != len(found):
        raise fields.refuse("the bundle has a timestamp twice")
    return found


def read_message_signature(value: Any, fields: Fields) -> MessageSignature:
    """Read the signature of a blob, unverified. Raises IntegrityError."""
    message = fields.mapping(value, "messageSignature", "messageDigest signature", "")
    claimed = fields.mapping(message["messageDigest"], "messageDigest", "algorithm digest", "")
    algorithm, size = _DIGESTS.get(fields.text(claimed["algorithm"], "algorithm"), ("", 0))
    digest = fields.base64(claimed["digest"], "digest")
    if not algorithm or len(digest) != size:
        raise fields.refuse("the blob's digest is of a kind that is not verified")
    return MessageSignature(algorithm, digest, fields.base64(message["signature"], "signature"))


def blob_statement(message: MessageSignature, fingerprint: str) -> VerifiedStatement:
    """Return what a verified signature of a blob says: its owner vouches for this content, under no name."""
    digest = Digest(message.algorithm, message.digest.hex())
    return VerifiedStatement((Subject("", digest),), BLOB, {}, digest, fingerprint)
