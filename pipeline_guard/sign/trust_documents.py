# SPDX-License-Identifier: Apache-2.0
"""Documents of a private trust root: log entries, trusted roots, and bundles with a certificate.

A log of one entry proves to a verifier that our log key has seen a signature, not to the world: nobody else watches it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.sign.bundle import MEDIA_TYPE
from pipeline_guard.sign.canonical import canonical
from pipeline_guard.sign.dsse import PAYLOAD_TYPE
from pipeline_guard.sign.issuance import Holder
from pipeline_guard.sign.transparency import Checkpoint, leaf_hash, write_checkpoint, write_note

_KEY_DETAILS = "PKIX_ECDSA_P256_SHA_256"


def log_entry(digest: bytes, signature: bytes, certificate: bytes, log: Holder, origin: str) -> dict[str, Any]:
    """Return the entry of a log that holds nothing else, as a bundle carries it; ``digest`` is the SHA-256 of what was signed."""
    verifier = {"keyDetails": _KEY_DETAILS, "x509Certificate": {"rawBytes": _b64(certificate)}}
    inner = {
        "data": {"algorithm": "SHA2_256", "digest": _b64(digest)},
        "signature": {"content": _b64(signature), "verifier": verifier},
    }
    body = canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": inner}})
    root = leaf_hash(body)
    text = write_checkpoint(Checkpoint(origin, 1, root))
    return {
        "logIndex": "0",
        "logId": {"keyId": _b64(log.id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": _b64(root),
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": write_note(text, origin, log.id, log.sign(text))},
        },
        "canonicalizedBody": _b64(body),
    }


@dataclass(frozen=True, slots=True)
class TrustParts:
    """What a private trust root is made of: certificates (DER) and the logs' public keys, all trusted from ``start`` on."""

    root: bytes
    timestamp_chain: tuple[bytes, ...]
    log: bytes
    ct_log: bytes
    origin: str
    start: datetime


def trusted_root(parts: TrustParts) -> dict[str, Any]:
    """Return the trusted root as cosign, sigstore-go and @sigstore/verify read it."""
    period = {"start": parts.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    def log(public: bytes) -> dict[str, Any]:
        return {
            "baseUrl": f"https://{parts.origin}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": _b64(public), "keyDetails": _KEY_DETAILS, "validFor": period},
            "logId": {"keyId": _b64(hashlib.sha256(public).digest())},
        }

    def authority(*chain: bytes) -> dict[str, Any]:
        return {
            "subject": {"organization": parts.origin, "commonName": parts.origin},
            "uri": f"https://{parts.origin}",
            "certChain": {"certificates": [{"rawBytes": _b64(certificate)} for certificate in chain]},
            "validFor": period,
        }

    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [log(parts.log)],
        "certificateAuthorities": [authority(parts.root)],
        "ctlogs": [log(parts.ct_log)],
        "timestampAuthorities": [authority(*parts.timestamp_chain)],
    }


def client_trust_config(root: dict[str, Any], origin: str, start: datetime) -> dict[str, Any]:
    """Return the trusted root wrapped as sigstore-python and model-signing want it; the services it names do not exist."""
    service = {
        "url": f"https://{origin}",
        "majorApiVersion": 1,
        "validFor": {"start": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
        "operator": origin,
    }
    return {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [service],
            "rekorTlogUrls": [service | {"majorApiVersion": 2}],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [service],
            "tsaConfig": {"selector": "ANY"},
        },
    }


def statement_content(payload: bytes, signature: bytes) -> dict[str, Any]:
    """Return a signed statement as a bundle's content."""
    signatures = [{"sig": _b64(signature), "keyid": ""}]
    return {"dsseEnvelope": {"payload": _b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}}


def blob_content(digest: bytes, signature: bytes) -> dict[str, Any]:
    """Return the signature of a blob, known by its SHA-256, as a bundle's content."""
    return {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": _b64(digest)}, "signature": _b64(signature)}}


def write_certified(
    content: dict[str, Any],
    certificate: bytes,
    entries: Sequence[dict[str, Any]],
    timestamps: Sequence[bytes],
    media_type: str = MEDIA_TYPE,
) -> bytes:
    """Return a bundle with a certificate as one compact line; versions before 0.3 hold it as a chain of one."""
    one = {"rawBytes": _b64(certificate)}
    material: dict[str, Any] = {"certificate": one} if media_type == MEDIA_TYPE else {"x509CertificateChain": {"certificates": [one]}}
    material["tlogEntries"] = list(entries)
    if timestamps:
        material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": _b64(stamp)} for stamp in timestamps]}
    bundle = {"mediaType": media_type, "verificationMaterial": material, **content}
    return json.dumps(bundle, separators=(",", ":")).encode("ascii")


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
