# SPDX-License-Identifier: Apache-2.0
"""From an unverified bundle with a certificate to a verified statement: offline, in one order, every step must hold.

time -> chain at every proven time -> receipt of the certificate log -> identity -> log entries -> signature -> statement.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import CertifiedBy, Judgement, NotVerified, SignatureVerdict, SignedBy
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign.certificate import CODE_SIGNING, Expected, check_chain, check_identity, key_of, load_certificate, oidc_issuers
from pipeline_guard.sign.certified_bundle import HINT, UnverifiedCertified, read_certified
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.log_entry import SignedContent, check_entry
from pipeline_guard.sign.material import blob_statement
from pipeline_guard.sign.public_key import PublicKey
from pipeline_guard.sign.receipt import check_receipt
from pipeline_guard.sign.statement import read_statement
from pipeline_guard.sign.timestamp import check_timestamp
from pipeline_guard.sign.trusted_root import TrustedRoot

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def verify_certified(
    unverified_bundle: bytes, root: TrustedRoot, expected: Expected, name: str, denied: frozenset[str] = frozenset()
) -> VerifiedStatement:
    """Return what ``expected`` has signed; ``name`` tells people which bundle is meant.

    ``denied`` holds revoked certificates: hexadecimal serial numbers, or SHA-256 fingerprints of the DER.
    Raises IntegrityError for whatever does not hold. Whether a subject is the one at hand is for the caller to compare.
    """
    bundle = read_certified(unverified_bundle, name)
    leaf = load_certificate(bundle.certificates[0], name)
    others = [load_certificate(content, name) for content in bundle.certificates[1:]]
    content = _content(bundle)
    stamped = proven_times(bundle.timestamps, bundle.signature, root, name)
    times = stamped + _logged(bundle, content, root, stamped, name)
    if not times:
        hint = "sign with a timestamp, or give its authority: --tsa-certificate"
        raise NotVerified(SignatureVerdict.UNTIMESTAMPED, f"{name}: nothing proves when it was signed", hint)
    path = _check_certificate(leaf, others, root, [found.time for found in times], name)
    if root.ct_logs:
        check_receipt(leaf, path[1], root.ct_logs, name)
    _check_denied(leaf, bundle.certificates[0], denied, name)
    identity = check_identity(leaf, expected, name)
    key = key_of(leaf, name)
    if not _holds(key, bundle, content):
        raise IntegrityError(f"{name}: the signature does not verify", "the bundle was changed, or another key has signed it")
    statement = _statement(bundle, key.fingerprint, name)
    confirmed = expected.issuer or ", ".join(sorted(oidc_issuers(leaf, name)))
    by = SignedBy(key.fingerprint, key.type, identity=identity, issuer=confirmed, certificate=_told(leaf, path[-1]))
    earliest = min(times, key=lambda found: found.time)
    why = f"certified as {identity}, and the certificate was valid at {earliest.time:%Y-%m-%dT%H:%M:%SZ}"
    return replace(statement, judgement=Judgement(SignatureVerdict.VALID, why, time=earliest, by=by))


def proven_times(stamps: Sequence[bytes], signature: bytes, root: TrustedRoot, name: str) -> tuple[TrustedTime, ...]:
    """Return the times that trusted time-stamp authorities vouch for. Raises IntegrityError for a token that is wrong."""
    found = (check_timestamp(stamp, signature, root.timestamp_authorities, name) for stamp in stamps)
    return tuple(time for time in found if time is not None)


def _content(bundle: UnverifiedCertified) -> SignedContent:
    certificate = bundle.certificates[0]
    if bundle.message is not None:
        return SignedContent(bundle.signature, certificate, b"", b"", bundle.message.digest, bundle.message.algorithm)
    return SignedContent(bundle.signature, certificate, pae(bundle.payload), bundle.payload, b"")


def _logged(
    bundle: UnverifiedCertified, content: SignedContent, root: TrustedRoot, stamped: Sequence[TrustedTime], name: str
) -> tuple[TrustedTime, ...]:
    if not root.logs:
        return ()
    if not bundle.entries:
        raise IntegrityError(f"{name}: no entry of a signature log", "a trusted root without logs asks for none")
    fields = Fields(name, HINT)
    found = (check_entry(entry, content, root.logs, stamped, fields) for entry in bundle.entries)
    return tuple(time for time in found if time is not None)


def _check_certificate(
    leaf: Certificate, others: Sequence[Certificate], root: TrustedRoot, times: Sequence[datetime], name: str
) -> Sequence[Certificate]:
    paths = [check_chain(leaf, others, root.authorities, time, purpose=CODE_SIGNING, name=name) for time in times]
    return paths[0]


def _subject(root: Certificate) -> str:
    """Return whom a root names, "" where that cannot be read: it is trusted by its bytes, and irregular names are common."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return root.subject.rfc4514_string()
    except ValueError:
        return ""


def _told(leaf: Certificate, root: Certificate) -> CertifiedBy:
    from cryptography.hazmat.primitives.hashes import SHA256

    return CertifiedBy(
        leaf.fingerprint(SHA256()).hex(),
        f"{leaf.serial_number:x}",
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        _subject(root),
        root.fingerprint(SHA256()).hex(),
    )


def _check_denied(leaf: Certificate, content: bytes, denied: frozenset[str], name: str) -> None:
    if not denied.isdisjoint((f"{leaf.serial_number:x}", Digest.sha256(content).hex)):
        hint = "have the subject signed again; the deny list names the certificate"
        raise NotVerified(SignatureVerdict.REVOKED, f"{name}: the certificate is revoked", hint)


def _holds(key: PublicKey, bundle: UnverifiedCertified, content: SignedContent) -> bool:
    if bundle.message is None:
        return key.accepts(bundle.signature, content.message)
    return key.accepts_digest(bundle.signature, bundle.message.digest, bundle.message.algorithm)


def _statement(bundle: UnverifiedCertified, fingerprint: str, name: str) -> VerifiedStatement:
    if bundle.message is not None:
        return replace(blob_statement(bundle.message, fingerprint), media_type=bundle.media_type)
    statement = read_statement(bundle.payload, name)
    digest = Digest.sha256(bundle.payload)
    return VerifiedStatement(
        statement.subjects, statement.predicate_type, statement.predicate, digest, fingerprint, media_type=bundle.media_type
    )
