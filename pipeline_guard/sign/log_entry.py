# SPDX-License-Identifier: Apache-2.0
"""Entries of a signature log (Rekor v1 and v2): in the log for certain, and about exactly this signature.

Kinds: hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1 and 0.0.2, intoto 0.0.2. An entry of intoto 0.0.1 does not hold the signature
and proves nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign.canonical import canonical
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.material import LogEntry
from pipeline_guard.sign.transparency import leaf_hash, read_checkpoint, root_of
from pipeline_guard.sign.trusted_root import Log

MAX_BODY = 1024 * 1024
_ALGORITHMS = {"sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_MISMATCH = "the log entry is about another signature"


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What an entry must be about: the signature, who made it (certificate DER), and the bytes or the digest under it.

    ``message`` is what was signed of a statement (its PAE), b"" for a plain blob, which is known by ``digest`` alone.
    """

    signature: bytes
    certificate: bytes
    message: bytes
    payload: bytes
    digest: bytes
    algorithm: str = "sha256"  # of ``digest``

    def digest_by(self, algorithm: str) -> bytes:
        """Return the digest of what was signed; b"" where it is not known."""
        if self.message and algorithm:
            return hashlib.new(algorithm, self.message).digest()
        return self.digest if algorithm == self.algorithm else b""


def check_entry(
    entry: LogEntry, content: SignedContent, logs: Sequence[Log], stamped: Sequence[TrustedTime], fields: Fields
) -> TrustedTime | None:
    """Verify an entry; return the time that the log has signed with it, if it has. Raises IntegrityError.

    ``stamped`` are times that others have proven: the log must have been trusted then, too.
    """
    log = next((log for log in logs if log.id == entry.log_id), None)
    if log is None:
        raise fields.refuse("the log of the entry is none that is trusted", "give the trusted root of whom the signer used")
    if not entry.proved and not entry.promise:
        raise fields.refuse("the log entry has neither a proof nor a promise")
    if entry.proved:
        _check_proof(entry, log, fields)
    found = None
    if entry.promise:
        if not log.key.accepts(entry.promise, _promised(entry)):
            raise fields.refuse("the log's promise does not verify")
        found = TrustedTime(_moment(entry.integrated, fields), f"log:{log.name}")
    if not all(log.period.covers(each.time) for each in [*stamped, *([found] if found else [])]):
        raise fields.refuse("the log was not trusted when it took the entry")
    _check_body(entry, content, fields)
    return found


def _moment(seconds: int, fields: Fields) -> datetime:
    if not 0 < seconds < 253402300800:  # the year 10000
        raise fields.refuse("the log entry has an impossible time")
    return datetime.fromtimestamp(seconds, UTC)


def _check_proof(entry: LogEntry, log: Log, fields: Fields) -> None:
    root = root_of(leaf_hash(entry.body), entry.proof_index, entry.proof_size, entry.proof_path)
    if root is None or root != entry.proof_root:
        raise fields.refuse("the log's proof does not lead to the entry")
    checkpoint = read_checkpoint(entry.checkpoint, log, fields.name)
    if (checkpoint.root, checkpoint.size) != (entry.proof_root, entry.proof_size):
        raise fields.refuse("the log's checkpoint is of another state than its proof")


def _promised(entry: LogEntry) -> bytes:
    """Return what Rekor v1 signs as its promise."""
    body = base64.b64encode(entry.body).decode()
    return canonical({"body": body, "integratedTime": entry.integrated, "logID": entry.log_id.hex(), "logIndex": entry.index})


def _check_body(entry: LogEntry, content: SignedContent, fields: Fields) -> None:
    try:
        body = fields.mapping(parse_json(entry.body, fields.name, limit=MAX_BODY), "the log entry's body")
    except UsageError:
        raise fields.refuse("the log entry's body is no JSON") from None
    if (body.get("kind"), body.get("apiVersion")) != (entry.kind, entry.version):
        raise fields.refuse("the log entry is of another kind than it says")
    spec = fields.mapping(body.get("spec"), "spec")
    check = {
        ("hashedrekord", "0.0.1"): _check_hashedrekord_v1,
        ("hashedrekord", "0.0.2"): _check_hashedrekord_v2,
        ("dsse", "0.0.1"): _check_dsse_v1,
        ("dsse", "0.0.2"): _check_dsse_v2,
        ("intoto", "0.0.2"): _check_intoto_v2,
    }.get((entry.kind, entry.version))
    if check is None:
        raise fields.refuse("the log entry is of a kind that is not known")
    check(spec, content, fields)


def _same(fields: Fields, found: bytes, wanted: bytes) -> None:
    if found != wanted or not wanted:
        raise fields.refuse(_MISMATCH)


def _hash(fields: Fields, value: Any, content: SignedContent) -> None:
    """Compare a hash as Rekor v1 writes it, in hexadecimal, over what was signed."""
    claimed = fields.mapping(value, "hash", "algorithm value")
    algorithm = _ALGORITHMS.get(fields.text(claimed["algorithm"], "algorithm"), "")
    if not algorithm or fields.text(claimed["value"], "value") != content.digest_by(algorithm).hex():
        raise fields.refuse(_MISMATCH)


def _payload_hash(fields: Fields, value: Any, content: SignedContent) -> None:
    claimed = fields.mapping(value, "payloadHash", "algorithm value")
    if claimed["algorithm"] != "sha256" or claimed["value"] != hashlib.sha256(content.payload).hexdigest() or not content.message:
        raise fields.refuse(_MISMATCH)


def _same_certificate(fields: Fields, pem: bytes, content: SignedContent) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except (ValueError, Warning, x509.InvalidVersion):
        raise fields.refuse("the log entry names no certificate") from None
    _same(fields, found, content.certificate)


def _check_hashedrekord_v1(spec: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    _hash(fields, fields.mapping(spec.get("data"), "data").get("hash"), content)
    signature = fields.mapping(spec.get("signature"), "signature", "content publicKey")
    _same(fields, fields.base64(signature["content"], "content"), content.signature)
    public = fields.mapping(signature["publicKey"], "publicKey", "content")
    _same_certificate(fields, fields.base64(public["content"], "content"), content)


def _check_dsse_v1(spec: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    _payload_hash(fields, spec.get("payloadHash"), content)
    signature = _only(fields, spec.get("signatures"))
    _same(fields, fields.base64(signature.get("signature"), "signature"), content.signature)
    _same_certificate(fields, fields.base64(signature.get("verifier"), "verifier"), content)


def _check_intoto_v2(spec: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    inner = fields.mapping(spec.get("content"), "content", "envelope")
    _payload_hash(fields, inner.get("payloadHash"), content)
    signature = _only(fields, fields.mapping(inner["envelope"], "envelope").get("signatures"))
    # this kind encodes the signature's text once more
    twice = fields.base64(signature.get("sig"), "sig")
    try:
        _same(fields, base64.b64decode(twice, validate=True), content.signature)
    except binascii.Error:
        raise fields.refuse(_MISMATCH) from None
    _same_certificate(fields, fields.base64(signature.get("publicKey"), "publicKey"), content)


def _check_hashedrekord_v2(spec: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    inner = fields.mapping(spec.get("hashedRekordV002"), "hashedRekordV002", "data signature")
    claimed = fields.mapping(inner["data"], "data", "algorithm digest")
    algorithm = _ALGORITHMS.get(fields.text(claimed["algorithm"], "algorithm"), "")
    _same(fields, fields.base64(claimed["digest"], "digest"), content.digest_by(algorithm))
    _check_signature_v2(fields.mapping(inner["signature"], "signature"), content, fields)


def _check_dsse_v2(spec: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    inner = fields.mapping(spec.get("dsseV002"), "dsseV002")
    claimed = fields.mapping(inner.get("payloadHash"), "payloadHash", "algorithm digest")
    if claimed["algorithm"] != "SHA2_256" or not content.message:
        raise fields.refuse(_MISMATCH)
    _same(fields, fields.base64(claimed["digest"], "digest"), hashlib.sha256(content.payload).digest())
    _check_signature_v2(_only(fields, inner.get("signatures")), content, fields)


def _check_signature_v2(signature: Mapping[str, Any], content: SignedContent, fields: Fields) -> None:
    _same(fields, fields.base64(signature.get("content"), "content"), content.signature)
    verifier = fields.mapping(signature.get("verifier"), "verifier")
    certificate = fields.mapping(verifier.get("x509Certificate"), "x509Certificate")
    _same(fields, fields.base64(certificate.get("rawBytes"), "rawBytes"), content.certificate)


def _only(fields: Fields, value: Any) -> Mapping[str, Any]:
    found = fields.elements(value, "signatures", 1)
    if not found:
        raise IntegrityError(f"{fields.name}: {_MISMATCH}", fields.hint)
    return fields.mapping(found[0], "the signature")
