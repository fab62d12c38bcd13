# SPDX-License-Identifier: Apache-2.0
"""Whom a verification trusts: a key's owner, or whoever an authority certifies; and who may prove the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.errors import UsageError
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.ports import Files
from pipeline_guard.sign.bundle import UnverifiedEnvelope
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import proven_times, verify_certified
from pipeline_guard.sign.trusted_root import MAX_ROOT, TrustedRoot, read_roots, read_timestamp_chain, read_trusted_root
from pipeline_guard.sign.verify import verify_by

_DENIED_HINT = "one certificate a line: its serial number or its SHA-256, in hexadecimal; # begins a remark"
_MAX_DENIED = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeyTrust:
    """A key, and who may prove when it signed."""

    timeline: KeyTimeline
    root: TrustedRoot


@dataclass(frozen=True, slots=True)
class CertificateTrust:
    """A certified identity. ``denied`` are certificates that are revoked."""

    root: TrustedRoot
    expected: Expected
    denied: frozenset[str] = frozenset()


Trust = KeyTimeline | KeyTrust | CertificateTrust


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """Files that say whom to trust, "" for none: Sigstore's trusted root, PEM roots, a time-stamp chain, a deny list."""

    trusted_root: str = ""
    certificate_roots: str = ""
    tsa_certificate: str = ""
    revoked: str = ""


def asked_for(trust: Trust) -> str:
    """Return the fingerprint of the key that is asked for, "" where a certificate names its own."""
    if isinstance(trust, KeyTimeline):
        return trust.newest.fingerprint
    return trust.timeline.newest.fingerprint if isinstance(trust, KeyTrust) else ""


def judged(content: bytes, trust: Trust, now: datetime, name: str) -> VerifiedStatement:
    """Return what a bundle says if whom we trust has signed it. Raises NotVerified with its verdict, or IntegrityError."""
    if isinstance(trust, CertificateTrust):
        return verify_certified(content, trust.root, trust.expected, name, trust.denied)
    if isinstance(trust, KeyTimeline):
        return verify_by(content, [trust], now, name)
    root = trust.root

    def times(envelope: UnverifiedEnvelope) -> tuple[TrustedTime, ...]:
        return proven_times(envelope.timestamps, envelope.signature, root, name)

    return verify_by(content, [trust.timeline], now, name, times=times)


def read_root(named: TrustFiles, files: Files) -> TrustedRoot:
    """Read whom to trust. Raises UsageError for a file that cannot be read."""
    root = TrustedRoot()
    if named.trusted_root:
        root = read_trusted_root(files.read(named.trusted_root, MAX_ROOT), named.trusted_root)
    if named.certificate_roots:
        root = root.with_authorities(read_roots(files.read(named.certificate_roots, MAX_ROOT), named.certificate_roots))
    if named.tsa_certificate:
        root = root.with_timestamps_of(read_timestamp_chain(files.read(named.tsa_certificate, MAX_ROOT), named.tsa_certificate))
    return root


def certificate_trust(identity: str, issuer: str, named: TrustFiles, files: Files, *, is_pattern: bool = False) -> CertificateTrust:
    """Read what it takes to trust a certified identity. Raises UsageError where something is missing or cannot be read."""
    if not identity:
        raise UsageError("no identity to expect of the certificate", "say who must have signed: --certificate-identity")
    if not named.trusted_root and not named.certificate_roots:
        hint = "name --trusted-root FILE (Sigstore's trusted root), or --certificate-roots FILE (PEM) for an authority of your own"
        raise UsageError("no authority to trust", hint)
    if not issuer and named.trusted_root:
        raise UsageError("no issuer to expect of the identity", "say who must have confirmed it: --certificate-oidc-issuer")
    denied = _denied(files.read(named.revoked, _MAX_DENIED), named.revoked) if named.revoked else frozenset[str]()
    return CertificateTrust(read_root(named, files), Expected(identity, issuer, is_pattern), denied)


def _denied(content: bytes, name: str) -> frozenset[str]:
    found = set()
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        word = line.partition("#")[0].strip().lower().removeprefix("0x").replace(":", "")
        if not word:
            continue
        if any(character not in "0123456789abcdef" for character in word):
            raise UsageError(f"{name}:{number}: not the number of a certificate", _DENIED_HINT)
        found.add(word if len(word) == 64 else word.lstrip("0"))
    return frozenset(found)
