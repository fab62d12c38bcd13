# SPDX-License-Identifier: Apache-2.0
"""A private trust root: an authority, a time-stamp authority and two logs whose keys lie in our token, in one folder of public files.

Signed with it, a bundle verifies in cosign, sigstore-go, sigstore and @sigstore/verify, offline. Whoever may use the token's keys
may certify any identity: what is certified is in the audit log first.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.keys import KeyDoors, Period, create
from pipeline_guard.keys.period import current
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType
from pipeline_guard.ports import Files, Keystore, Random, Signer
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import verify_certified
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.issuance import Holder, Names, root_certificate, signer_certificate, timestamp_certificate
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.timestamp_token import TimestampSigner, stamp
from pipeline_guard.sign.trust_documents import (
    TrustParts,
    client_trust_config,
    log_entry,
    statement_content,
    trusted_root,
    write_certified,
)
from pipeline_guard.sign.trusted_root import MAX_ROOT, read_roots, read_trusted_root

Certify = Callable[[bytes, bytes, KeyRecord], bytes]  # a payload, its signature, the key that made it -> a bundle
ROOT, TIME, LOG, RECEIPTS = "trust/root", "trust/time", "trust/log", "trust/receipts"
_ROOT_FILE, _TIME_FILE, _TRUST_FILE, _CONFIG_FILE = "root.pem", "time.pem", "trusted_root.json", "client_trust_config.json"
_LIFE = timedelta(days=3650)
_BEFORE = timedelta(days=1)  # for verifiers whose clocks are behind ours


class TrustToken(Keystore, Signer, Protocol):
    """The token's part in a trust root."""


@dataclass(frozen=True, slots=True)
class TrustDoors:
    """What a trust root needs of the world; ``keys`` and ``token`` are the same token."""

    random: Random
    files: Files
    token: TrustToken
    keys: KeyDoors


@dataclass(frozen=True, slots=True)
class _Trust:
    """A trust root that is open: certificates (DER), who holds the keys, and the document that others verify with."""

    root: bytes
    time: bytes
    holders: dict[str, Holder]
    origin: str
    document: bytes


def certifying(folder: str, identity: str, issuer: str, doors: TrustDoors) -> Certify:
    """Open the trust root in ``folder``, made there if it is missing; return what puts signatures under a certificate for ``identity``.

    Raises UsageError for a name that cannot be certified, or files that belong to other keys; Denied, Unavailable.
    """
    names = Names(identity, issuer)
    _check(names)
    trust = _open(folder, doors)

    def certify(payload: bytes, signature: bytes, key: KeyRecord) -> bytes:
        if key.ref.type is not KeyType.EC_P256:
            raise UsageError(f"key {key.ref.name} cannot be certified: it is {key.ref.type.value}", "sign with a key of type ec-p256")
        now, message = doors.keys.clock.now(), pae(payload)
        why = f"key {key.ref.name} version {key.ref.version}, confirmed by {names.issuer}"
        digest = hashlib.sha256(message).digest()
        doors.keys.audit.write(AuditEvent(now, doors.keys.actor, "certify", names.identity, "granted", why, request_digest=digest.hex()))
        holders, public = trust.holders, load(key.public_pem).der
        certificate = signer_certificate(public, names, trust.root, holders[ROOT], holders[RECEIPTS], now, _serial(doors))
        entry = log_entry(digest, signature, certificate, holders[LOG], trust.origin)
        stamped = stamp(signature, now, _serial(doors), TimestampSigner(trust.time, holders[TIME].sign))
        bundle = write_certified(statement_content(payload, signature), certificate, [entry], [stamped])
        # Defensive: what does not verify here must not leave.
        verify_certified(bundle, read_trusted_root(trust.document, folder), Expected(names.identity, names.issuer), folder)
        return bundle

    return certify


def _check(names: Names) -> None:
    for word, flag in ((names.identity, "--certificate-identity"), (names.issuer, "--certificate-oidc-issuer")):
        if not word.isascii() or not word.isprintable() or " " in word or not ("://" in word or ("@" in word and word is names.identity)):
            raise UsageError(f"{flag}: {word[:80]!r} cannot be certified", "an identity is a URI or a mail address, its issuer a URL")


def _open(folder: str, doors: TrustDoors) -> _Trust:
    holders = {name: _holder(name, doors) for name in (ROOT, TIME, LOG, RECEIPTS)}
    now = doors.keys.clock.now()
    period = (now - _BEFORE, now + _LIFE)
    root = _certificates(folder, _ROOT_FILE, holders[ROOT], lambda: [_made_root(holders, period, doors)], doors)[0]

    def made_time() -> list[bytes]:
        return [timestamp_certificate(holders[TIME].public, "pipeline-guard time", root, holders[ROOT], period, _serial(doors)), root]

    time = _certificates(folder, _TIME_FILE, holders[TIME], made_time, doors)[0]
    origin = f"trust-{hashlib.sha256(root).hexdigest()[:16]}.invalid"  # RFC 6761: nobody else's name
    return _Trust(root, time, holders, origin, _documents(folder, root, time, holders, origin, doors))


def _made_root(holders: dict[str, Holder], period: tuple[datetime, datetime], doors: TrustDoors) -> bytes:
    keys = doors.keys
    keys.audit.write(AuditEvent(keys.clock.now(), keys.actor, "trust.create", ROOT, "granted", "a private trust root"))
    return root_certificate(holders[ROOT], "pipeline-guard private trust root", *period, _serial(doors))


def _holder(name: str, doors: TrustDoors) -> Holder:
    record = current(doors.keys.ledger.versions(name), doors.keys.clock.now())
    if record is None:
        record = create(name, KeyType.EC_P256.value, "sign", Period(use=_LIFE), doors=doors.keys)
    reference = record.ref
    return Holder(load(record.public_pem).der, lambda message: doors.token.sign(reference, message))


def _certificates(folder: str, name: str, holder: Holder, make: Callable[[], list[bytes]], doors: TrustDoors) -> list[bytes]:
    """Return the certificates of a file, made if it is missing. Raises UsageError where the first is of another key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    path = posixpath.join(folder, name)
    if doors.files.kind(path) == "missing":
        content = b"".join(x509.load_der_x509_certificate(made).public_bytes(Encoding.PEM) for made in make())
        doors.files.write(path, content)
    found = [authority.chain[0] for authority in read_roots(doors.files.read(path, MAX_ROOT), path)]
    if found[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != holder.public:
        raise UsageError(f"{path}: not of the keys in this token", "name the folder that was made with this token, or a new one")
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def _documents(folder: str, root: bytes, time: bytes, holders: dict[str, Holder], origin: str, doors: TrustDoors) -> bytes:
    """Return the trusted root; write it, and the form that sigstore and model-signing want, where they are missing."""
    from cryptography import x509

    start = x509.load_der_x509_certificate(root).not_valid_before_utc
    document = trusted_root(TrustParts(root, (time, root), holders[LOG].public, holders[RECEIPTS].public, origin, start))
    written = json.dumps(document, indent=1).encode() + b"\n"
    config = json.dumps(client_trust_config(document, origin, start), indent=1).encode() + b"\n"
    for name, content in ((_TRUST_FILE, written), (_CONFIG_FILE, config)):
        path = posixpath.join(folder, name)
        if doors.files.kind(path) == "missing":
            doors.files.write(path, content)
        elif doors.files.read(path, MAX_ROOT) != content:
            raise UsageError(f"{path}: not what belongs to the keys in this token", "it was edited, or a key was rotated; move it away")
    return written


def _serial(doors: TrustDoors) -> int:
    return int.from_bytes(doors.random.bytes(16)) >> 1 | 1  # positive, and never 0
