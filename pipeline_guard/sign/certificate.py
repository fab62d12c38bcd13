# SPDX-License-Identifier: Apache-2.0
"""Certificates: a chain to somebody trusted at a given time, what a certificate is for, and whom it names.

Own path building, because the purposes are not those of the web: no host names, no server or client authentication.
RFC 5280 sections 4.2 and 6.1; Fulcio's extensions are in its oid-info document. Every refusal is an IntegrityError.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.sign.der import UTF8_STRING, Malformed, expect, read
from pipeline_guard.sign.pattern import matches
from pipeline_guard.sign.public_key import PublicKey
from pipeline_guard.sign.trusted_root import Authority, key_of_der

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_ANY_PURPOSE = "2.5.29.37.0"
_ISSUER_V1, _ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
_USERNAME = "1.3.6.1.4.1.57264.1.7"  # Fulcio's otherName for identities that are neither URI nor mail address
# keyUsage, basicConstraints, subjectAltName, extKeyUsage; certificate policies, which only say more about an issuer's practice
_UNDERSTOOD = {"2.5.29.15", "2.5.29.19", "2.5.29.17", "2.5.29.37", "2.5.29.32"}
_NAME_CONSTRAINTS = "2.5.29.30"
_POISON = "1.3.6.1.4.1.11129.2.4.3"
_MAX_PATH = 6
_HASHES = ("sha256", "sha384", "sha512")
_HINT = "have the subject signed again with a certificate of the expected issuer"


@dataclass(frozen=True, slots=True)
class Expected:
    """Whom a certificate must name, exactly; ``issuer`` "" asks nothing (only where the authority itself is the user's).

    ``is_pattern``: stars in ``identity`` stand for anything, as policy writes it.
    """

    identity: str
    issuer: str
    is_pattern: bool = False


def load_certificate(der: bytes, name: str) -> Certificate:
    """Read a certificate from a bundle, all its extensions included. Raises IntegrityError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what RFC 5280 forbids is refused, not warned of
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.extensions, certificate.signature_hash_algorithm
    except (ValueError, TypeError, UnsupportedAlgorithm, Warning):
        raise IntegrityError(f"{name}: a certificate that cannot be read", _HINT) from None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion):
        raise IntegrityError(f"{name}: a certificate that cannot be read", _HINT) from None
    if certificate.version is not x509.Version.v3:
        raise IntegrityError(f"{name}: a certificate without extensions", _HINT)
    return certificate


def key_of(certificate: Certificate, name: str) -> PublicKey:
    """Return a certificate's key. Raises IntegrityError for one that is too weak or of an unknown kind."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        spki = certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        raise IntegrityError(f"{name}: the certificate's key cannot be read", _HINT) from None
    key = key_of_der(spki)
    if key is None:
        raise IntegrityError(f"{name}: the certificate's key is of a kind that cannot judge a bundle", _HINT)
    return key


def check_chain(
    leaf: Certificate, others: Sequence[Certificate], authorities: Sequence[Authority], time: datetime, *, purpose: str, name: str
) -> Sequence[Certificate]:
    """Return the path from ``leaf`` over its issuer to an authority, everything valid at ``time`` and meant for ``purpose``.

    ``others`` are certificates that came along, trusted for nothing. Raises IntegrityError.
    """
    _check_leaf(leaf, purpose, name)
    if not _valid(leaf, time):
        early = time < leaf.not_valid_before_utc
        what = f"{name}: the certificate was not valid {'yet' if early else 'any more'} at {time:%Y-%m-%dT%H:%M:%SZ}, when it signed"
        raise NotVerified(SignatureVerdict.NOT_YET_VALID if early else SignatureVerdict.EXPIRED, what, _HINT)
    for authority in authorities:
        if not authority.period.covers(time):
            continue
        anchor = authority.chain[-1]
        pool = [*authority.chain, *others]
        for path in _paths([leaf], pool, anchor):
            if all(_may_issue(issuer, below, time, purpose) for below, issuer in enumerate(path[1:])):
                return path
    what = f"{name}: the certificate leads to no authority that is trusted at its time"
    raise NotVerified(SignatureVerdict.UNKNOWN_KEY, what, "give the roots of its issuer")


def _paths(path: list[Certificate], pool: Sequence[Certificate], anchor: Certificate) -> Iterator[list[Certificate]]:
    """Give every path upwards from the last certificate to ``anchor`` whose signatures hold."""
    last = path[-1]
    for issuer in pool:
        if issuer in path or not _issued(last, issuer):
            continue
        if issuer == anchor:
            yield [*path, issuer]
        elif len(path) < _MAX_PATH:
            yield from _paths([*path, issuer], pool, anchor)


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        algorithm = certificate.signature_hash_algorithm
        if algorithm is not None and algorithm.name not in _HASHES:  # None: Ed25519, which brings its own
            return False
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _valid(certificate: Certificate, time: datetime) -> bool:
    return certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc


def _may_issue(certificate: Certificate, below: int, time: datetime, purpose: str) -> bool:
    """Tell whether a certificate may issue for ``purpose`` with ``below`` further authorities under it."""
    from cryptography import x509

    extensions = _extensions(certificate)
    constraints, usage = extensions.get("2.5.29.19"), extensions.get("2.5.29.15")
    if not isinstance(constraints, x509.BasicConstraints) or not constraints.ca or not _valid(certificate, time):
        return False
    if constraints.path_length is not None and constraints.path_length < below:
        return False
    if not isinstance(usage, x509.KeyUsage) or not usage.key_cert_sign:
        return False
    # NOTE: an authority limited to certain names is refused rather than half understood.
    return _NAME_CONSTRAINTS not in extensions and not _strange(certificate) and _purposes(extensions) & {purpose, _ANY_PURPOSE} != set()


def _check_leaf(leaf: Certificate, purpose: str, name: str) -> None:
    from cryptography import x509

    extensions = _extensions(leaf)
    constraints, usage = extensions.get("2.5.29.19"), extensions.get("2.5.29.15")
    if _strange(leaf) or _POISON in extensions:
        raise IntegrityError(f"{name}: the certificate has critical extensions that are not understood", _HINT)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        raise IntegrityError(f"{name}: the certificate is an authority's, not a signer's", _HINT)
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:
        raise IntegrityError(f"{name}: the certificate is not for digital signatures", _HINT)
    if "2.5.29.37" not in extensions or purpose not in _purposes(extensions):
        what = "timestamps" if purpose == TIME_STAMPING else "signing code"
        raise IntegrityError(f"{name}: the certificate is not for {what}", _HINT)


def _extensions(certificate: Certificate) -> dict[str, Any]:
    from cryptography import x509

    try:
        return {extension.oid.dotted_string: extension.value for extension in certificate.extensions}
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        # Defensive: roots and bundles are read whole when they are loaded
        raise UsageError("a trusted certificate cannot be read", "give another root") from None


def _strange(certificate: Certificate) -> bool:
    return any(extension.critical and extension.oid.dotted_string not in _UNDERSTOOD for extension in certificate.extensions)


def _purposes(extensions: dict[str, Any]) -> set[str]:
    """Return what a certificate is for; one that does not say is for anything."""
    return {purpose.dotted_string for purpose in extensions["2.5.29.37"]} if "2.5.29.37" in extensions else {_ANY_PURPOSE}


def check_identity(certificate: Certificate, expected: Expected, name: str) -> str:
    """Return whom a verified certificate names, if it is who it must. Raises IntegrityError that says both."""
    found = identities(certificate)
    fitting = [each for each in found if each == expected.identity or (expected.is_pattern and matches(expected.identity, each))]
    if not fitting:
        names = ", ".join(found)[:300] or "nobody"
        what = f"{name}: signed by {names}, not by {expected.identity}"
        raise NotVerified(SignatureVerdict.NOT_BY_POLICY, what, "--certificate-identity says who must have signed")
    if expected.issuer and (issuers := oidc_issuers(certificate, name)) != {expected.issuer}:
        says = ", ".join(sorted(issuers))[:300] or "nobody"
        what = f"{name}: the identity was confirmed by {says}, not by {expected.issuer}"
        raise NotVerified(SignatureVerdict.NOT_BY_POLICY, what, "--certificate-oidc-issuer says who must have confirmed it")
    return fitting[0]


def identities(certificate: Certificate) -> list[str]:
    """Return the names in a certificate: URIs, mail addresses, host names, Fulcio's user names."""
    from cryptography import x509

    alternatives = _extensions(certificate).get("2.5.29.17")
    found = []
    for alternative in alternatives if isinstance(alternatives, x509.SubjectAlternativeName) else ():
        if isinstance(alternative, x509.UniformResourceIdentifier | x509.RFC822Name | x509.DNSName):
            found.append(alternative.value)
        elif isinstance(alternative, x509.OtherName) and alternative.type_id.dotted_string == _USERNAME:
            found.append(_utf8(alternative.value))
    return [name for name in found if name]


def oidc_issuers(certificate: Certificate, name: str) -> set[str]:
    """Return who confirmed the identity, by both extensions: the same, unless the certificate contradicts itself."""
    from cryptography import x509

    extensions = _extensions(certificate)
    found = set()
    for oid in (_ISSUER_V1, _ISSUER_V2):
        value = extensions.get(oid)
        if isinstance(value, x509.UnrecognizedExtension):
            found.add(value.value.decode("utf-8", "replace") if oid == _ISSUER_V1 else _utf8(value.value))
    if "" in found:
        raise IntegrityError(f"{name}: the certificate's issuer of identities cannot be read", _HINT)
    return found


def _utf8(der: bytes) -> str:
    try:
        return expect(read(der), UTF8_STRING).content.decode("utf-8")
    except (Malformed, UnicodeDecodeError):
        return ""
