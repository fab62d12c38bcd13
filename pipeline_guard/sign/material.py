# SPDX-License-Identifier: Apache-2.0
"""What any bundle may carry, whoever signed it: log entries, timestamps, signatures of blobs that are known by their digest."""

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
MAX_ENTRIES = 32
MAX_PATH = 64  # a log of 2**64 entries
_OLDEST = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_DIGESTS = {"SHA2_256": ("sha256", 32), "SHA2_384": ("sha384", 48), "SHA2_512": ("sha512", 64)}


@dataclass(frozen=True, slots=True)
class MessageSignature:
    """A signature over a blob that is known by its digest; ``algorithm`` by our names."""

    algorithm: str
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry as a bundle carries it; nothing of it is verified. ``proof_path`` and ``checkpoint`` are empty without a proof."""

    kind: str
    version: str
    log_id: bytes
    index: int
    integrated: int
    body: bytes
    promise: bytes
    proved: bool
    proof_index: int
    proof_size: int
    proof_root: bytes
    proof_path: tuple[bytes, ...]
    checkpoint: str


def read_entries(material: Mapping[str, Any], media_type: str, fields: Fields) -> tuple[LogEntry, ...]:
    """Return the log entries of a bundle's verificationMaterial, unverified. Raises IntegrityError."""
    found = fields.elements(material.get("tlogEntries"), "tlogEntries", MAX_ENTRIES)
    return tuple(_entry(entry, fields, proof_needed=media_type != _OLDEST) for entry in found)


def read_timestamps(material: Mapping[str, Any], fields: Fields) -> tuple[bytes, ...]:
    """Return the time-stamp responses of a bundle's verificationMaterial, unverified. Raises IntegrityError."""
    carried = fields.part(material.get("timestampVerificationData"), "timestampVerificationData", "rfc3161Timestamps")
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
    if message["messageDigest"] == {}:  # so cosign 3.1 writes with an Ed25519 key, and refuses it itself
        raise fields.refuse("the signature of the blob names no digest", "have it signed with another kind of key, or as a statement")
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


def _entry(value: Any, fields: Fields, *, proof_needed: bool) -> LogEntry:
    optional = "logIndex integratedTime inclusionPromise inclusionProof"
    entry = fields.mapping(value, "the log entry", "logId kindVersion canonicalizedBody", optional)
    kind = fields.mapping(entry["kindVersion"], "kindVersion", "kind version", "")
    promise = fields.part(entry.get("inclusionPromise"), "inclusionPromise", "signedEntryTimestamp")
    proof = fields.part(entry.get("inclusionProof"), "inclusionProof", "logIndex rootHash treeSize hashes checkpoint")
    checkpoint = fields.part(proof.get("checkpoint"), "checkpoint", "envelope").get("envelope")
    # Old bundles may carry a proof whose state of the log nobody has signed; they live on the log's promise.
    proved = bool(proof) and (proof_needed or checkpoint is not None)
    if proof_needed and not proved:
        raise fields.refuse("the log entry has no proof")
    return LogEntry(
        kind=fields.text(kind["kind"], "kind"),
        version=fields.text(kind["version"], "version"),
        log_id=fields.base64(fields.mapping(entry["logId"], "logId", "keyId", "")["keyId"], "keyId"),
        index=fields.number(entry.get("logIndex"), "logIndex"),
        integrated=fields.number(entry.get("integratedTime"), "integratedTime"),
        body=fields.base64(entry["canonicalizedBody"], "canonicalizedBody"),
        promise=fields.base64(promise["signedEntryTimestamp"], "signedEntryTimestamp") if promise else b"",
        proved=proved,
        proof_index=fields.number(proof.get("logIndex"), "logIndex"),
        proof_size=fields.number(proof.get("treeSize"), "treeSize"),
        proof_root=fields.base64(proof.get("rootHash"), "rootHash") if proved else b"",
        proof_path=tuple(fields.base64(step, "hashes") for step in fields.elements(proof.get("hashes"), "hashes", MAX_PATH)),
        checkpoint=fields.text(checkpoint, "checkpoint") if proved else "",
    )
