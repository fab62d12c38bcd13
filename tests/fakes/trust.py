# SPDX-License-Identifier: Apache-2.0
"""A private Sigstore of our own making, its keys in memory: certificates, logs of any version, timestamps, bundles of any version."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline_guard.sign.canonical import canonical
from pipeline_guard.sign.dsse import PAYLOAD_TYPE, pae
from pipeline_guard.sign.issuance import Holder, Names, root_certificate, signer_certificate, timestamp_certificate
from pipeline_guard.sign.timestamp_token import TimestampSigner, stamp
from pipeline_guard.sign.transparency import Checkpoint, leaf_hash, write_checkpoint, write_note
from pipeline_guard.sign.trust_documents import (
    TrustParts,
    blob_content,
    client_trust_config,
    log_entry,
    statement_content,
    trusted_root,
    write_certified,
)

V1, V2, V3 = (f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3))
LATEST = "application/vnd.dev.sigstore.bundle.v0.3+json"
IDENTITY = "https://forge.example/group/project//.gitlab-ci.yml@refs/heads/main"
ISSUER = "https://forge.example"
ORIGIN = "trust.example"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Key:
    """A P-256 key in memory and what holds it."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.holder = Holder(self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), self.sign)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


class PrivateTrust:
    """One authority, one time-stamp authority, one certificate log, one signature log."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now, self.serial = now, 1000
        self.ca, self.tsa, self.ct, self.log = Key(), Key(), Key(), Key()
        start, end = now - timedelta(days=30), now + timedelta(days=3650)
        self.root = root_certificate(self.ca.holder, "private root", start, end, 1)
        self.tsa_certificate = timestamp_certificate(self.tsa.holder.public, "private time", self.root, self.ca.holder, (start, end), 2)
        parts = TrustParts(self.root, (self.tsa_certificate, self.root), self.log.holder.public, self.ct.holder.public, ORIGIN, start)
        self.trusted_root = trusted_root(parts)
        self.config = client_trust_config(self.trusted_root, ORIGIN, start)

    def certificate(self, signer: Key, identity: str = IDENTITY, issuer: str = ISSUER, now: datetime | None = None) -> bytes:
        self.serial += 1
        return signer_certificate(
            signer.holder.public, Names(identity, issuer), self.root, self.ca.holder, self.ct.holder, now or self.now, self.serial
        )

    def stamp(self, message: bytes, time: datetime | None = None) -> bytes:
        self.serial += 1
        return stamp(message, time or self.now, self.serial, TimestampSigner(self.tsa_certificate, self.tsa.sign))

    def bundle(self, *, payload: bytes = b"", blob: bytes = b"", version: str = LATEST, rekor: str = "v2", stamped: bool = True) -> bytes:
        """Sign a statement's payload, or a blob, with a fresh certificate."""
        signer = Key()
        certificate = self.certificate(signer)
        message = pae(payload) if payload else blob
        signature = signer.sign(message)
        digest = hashlib.sha256(message).digest()
        content = statement_content(payload, signature) if payload else blob_content(digest, signature)
        entry = self.entry(rekor, message, payload, signature, certificate)
        return write_certified(content, certificate, [entry], [self.stamp(signature)] if stamped else [], version)

    def entry(self, rekor: str, message: bytes, payload: bytes, signature: bytes, certificate: bytes) -> dict[str, Any]:
        """Log a signature as Rekor v2, or as v1 does by "hashedrekord", "dsse" or "intoto"; "-promise" leaves the proof out."""
        digest = hashlib.sha256(message).digest()
        if rekor == "v2":
            return log_entry(digest, signature, certificate, self.log.holder, ORIGIN)
        kind, _, rest = rekor.partition("-")
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
        hashed = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
        spec: dict[str, Any] = {
            "hashedrekord": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {"content": b64(signature), "publicKey": {"content": b64(pem)}},
            },
            "dsse": {"envelopeHash": hashed, "payloadHash": hashed, "signatures": [{"signature": b64(signature), "verifier": b64(pem)}]},
            "intoto": {
                "content": {
                    "envelope": {"payloadType": PAYLOAD_TYPE, "signatures": [{"sig": b64(b64(signature).encode()), "publicKey": b64(pem)}]},
                    "hash": hashed,
                    "payloadHash": hashed,
                }
            },
        }[kind]
        body = canonical({"apiVersion": "0.0.2" if kind == "intoto" else "0.0.1", "kind": kind, "spec": spec})
        return self.logged(body, kind, "0.0.2" if kind == "intoto" else "0.0.1", proved=rest != "promise")

    def logged(self, body: bytes, kind: str, version: str, *, proved: bool = True) -> dict[str, Any]:
        """Put an entry as number 2 into a log of 5, with a promise of its time."""
        size, index = 5, 2
        leaves = [leaf_hash(b"%d" % number) for number in range(size)]
        leaves[index] = leaf_hash(body)
        root, path = tree(leaves, index)
        text = write_checkpoint(Checkpoint(f"{ORIGIN} - 1", size, root))
        log_id = self.log.holder.id
        integrated, global_index = int(self.now.timestamp()), 1_000_000_002
        promised = {"body": b64(body), "integratedTime": integrated, "logID": log_id.hex(), "logIndex": global_index}
        entry: dict[str, Any] = {
            "logIndex": str(global_index),
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": str(integrated),
            "inclusionPromise": {"signedEntryTimestamp": b64(self.log.sign(canonical(promised)))},
            "canonicalizedBody": b64(body),
        }
        if proved:
            entry["inclusionProof"] = {
                "logIndex": str(index),
                "rootHash": b64(root),
                "treeSize": str(size),
                "hashes": [b64(step) for step in path],
                "checkpoint": {"envelope": write_note(text, ORIGIN, log_id, self.log.sign(text))},
            }
        return entry

    def root_bytes(self, **changes: Any) -> bytes:
        return json.dumps({**self.trusted_root, **changes}).encode()


def tree(leaves: Sequence[bytes], index: int) -> tuple[bytes, list[bytes]]:
    """Return the root and the audit path by the recursive definition (RFC 6962 section 2.1), unlike what verifies it."""
    if len(leaves) == 1:
        return leaves[0], []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = leaves[:split], leaves[split:]
    if index < split:
        root, path = tree(left, index)
        other = tree(right, 0)[0]
        return hashlib.sha256(b"\1" + root + other).digest(), [*path, other]
    root, path = tree(right, index - split)
    other = tree(left, 0)[0]
    return hashlib.sha256(b"\1" + other + root).digest(), [*path, other]
