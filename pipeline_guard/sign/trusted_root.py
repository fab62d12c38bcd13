# SPDX-License-Identifier: Apache-2.0
"""Whom a verifier trusts: certificate authorities, logs and time-stamp authorities, from Sigstore's JSON or from PEM files.

Read: ``trustedroot+json`` and ``clienttrustconfig`` (which holds one). The file is the user's own word, so that what is wrong
with it is a UsageError; fields of later versions are left alone, and keys of a kind that is not verified here count for nothing.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.public_key import PublicKey, load

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_ROOT = 4 * 1024 * 1024
_MANY = 64  # authorities or logs of a kind
_CHAIN = 8  # certificates of one authority
_ROOT_TYPES = ("application/vnd.dev.sigstore.trustedroot+json;version=0.1", "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
               "application/vnd.dev.sigstore.trustedroot.v0.2+json")  # fmt: skip
_CONFIG_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_HINT = "give a trusted root as Sigstore's tools write it, for example by cosign trusted-root create"


@dataclass(frozen=True, slots=True)
class Period:
    """When something counts; both ends belong to it, None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, time: datetime) -> bool:
        """Tell whether ``time`` lies inside."""
        return (self.start is None or self.start <= time) and (self.end is None or time <= self.end)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues certificates or timestamps: the chain from the lowest to the one that is trusted."""

    name: str
    chain: tuple[Certificate, ...]
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log: its id in log entries or certificates, and the key that speaks for it."""

    name: str
    id: bytes
    key: PublicKey
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Whom to believe. An empty ``logs`` or ``ct_logs`` asks for no log entry, or no receipt of a certificate log."""

    authorities: tuple[Authority, ...] = ()
    logs: tuple[Log, ...] = ()
    ct_logs: tuple[Log, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()

    def with_authorities(self, authorities: tuple[Authority, ...]) -> TrustedRoot:
        """Return the root with further authorities, for whose certificates its logs are asked, too."""
        return replace(self, authorities=self.authorities + authorities)

    def with_timestamps_of(self, authorities: tuple[Authority, ...]) -> TrustedRoot:
        """Return the root with further time-stamp authorities."""
        return replace(self, timestamp_authorities=self.timestamp_authorities + authorities)


def read_trusted_root(content: bytes, name: str) -> TrustedRoot:
    """Read Sigstore's JSON. Raises UsageError."""
    fields = Fields(name, _HINT, UsageError)
    try:
        root = fields.mapping(parse_json(content, name, limit=MAX_ROOT), "the trusted root")
    except UsageError as error:
        raise UsageError(error.what, _HINT) from None
    if root.get("mediaType") == _CONFIG_TYPE:
        root = fields.mapping(root.get("trustedRoot"), "trustedRoot")
    if root.get("mediaType") not in _ROOT_TYPES:
        raise fields.refuse("no trusted root of a version that is known")
    found = TrustedRoot(
        *(
            tuple(read for entry in fields.elements(root.get(kind), kind, _MANY) if (read := maker(fields, entry, kind)) is not None)
            for kind, maker in (
                ("certificateAuthorities", _authority),
                ("tlogs", _log),
                ("ctlogs", _log),
                ("timestampAuthorities", _authority),
            )
        )  # type: ignore[arg-type]
    )
    for kind, logs in (("tlogs", found.logs), ("ctlogs", found.ct_logs)):
        if root.get(kind) and not logs:  # to ask for no log at all is not what the root says
            raise fields.refuse(f"{kind} has no log whose key is understood")
    if not found.authorities and not found.timestamp_authorities:
        raise fields.refuse("names no certificate authority and no time-stamp authority")
    return found


def read_roots(content: bytes, name: str) -> tuple[Authority, ...]:
    """Read PEM certificates, each of which is trusted by itself. Raises UsageError."""
    from cryptography import x509

    fields = Fields(name, "give certificates in PEM form, -----BEGIN CERTIFICATE-----", UsageError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what RFC 5280 forbids is refused, not warned of
            certificates = [_whole(certificate) for certificate in x509.load_pem_x509_certificates(content)]
    except (ValueError, Warning, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion):
        raise fields.refuse("no certificates in PEM form") from None
    if len(certificates) > _MANY:
        raise fields.refuse(f"more than {_MANY} certificates")
    return tuple(Authority(fingerprint(certificate), (certificate,)) for certificate in certificates)


def read_timestamp_chain(content: bytes, name: str) -> tuple[Authority, ...]:
    """Read the PEM chain of one time-stamp authority, the lowest first, the trusted one last. Raises UsageError."""
    certificates = tuple(authority.chain[0] for authority in read_roots(content, name))
    if len(certificates) > _CHAIN:
        raise UsageError(f"{name}: a chain of more than {_CHAIN} certificates", "give the certificates of one authority")
    return (Authority(fingerprint(certificates[0]), certificates),)


def _authority(fields: Fields, value: Any, kind: str) -> Authority | None:
    from cryptography import x509

    entry = fields.mapping(value, kind, "certChain")
    chain = fields.mapping(entry["certChain"], "certChain", "certificates")
    certificates = []
    for certificate in fields.elements(chain["certificates"], "certificates", _CHAIN):
        try:
            content = fields.base64(fields.mapping(certificate, kind).get("rawBytes"), "rawBytes")
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what RFC 5280 forbids is refused, not warned of
                certificates.append(_whole(x509.load_der_x509_certificate(content)))
        except (ValueError, Warning, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion):
            raise fields.refuse(f"{kind} has a certificate that cannot be read") from None
    if not certificates:
        raise fields.refuse(f"{kind} has an authority without certificates")
    name = fields.text(entry.get("uri", ""), "uri") or fingerprint(certificates[0])
    return Authority(name, tuple(certificates), _period(fields, entry))


def fingerprint(certificate: Certificate) -> str:
    """Return the hexadecimal SHA-256 of a certificate, which names it where nothing else does."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _whole(certificate: Certificate) -> Certificate:
    """Have every extension read now, not in the middle of a verification."""
    _ = certificate.extensions
    return certificate


def _log(fields: Fields, value: Any, kind: str) -> Log | None:
    entry = fields.mapping(value, kind, "publicKey logId")
    public = fields.mapping(entry["publicKey"], "publicKey", "rawBytes")
    identity = fields.base64(fields.mapping(entry["logId"], "logId").get("keyId"), "keyId")
    key = key_of_der(fields.base64(public["rawBytes"], "rawBytes"))
    if key is None or len(identity) < 4:
        return None
    return Log(fields.text(entry.get("baseUrl", ""), "baseUrl") or identity.hex()[:16], identity, key, _period(fields, public))


def key_of_der(der: bytes) -> PublicKey | None:
    """Return a key from its SubjectPublicKeyInfo; None for one that is not verified with here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        return load(serialization.load_der_public_key(der).public_bytes(*form).decode())
    except (ValueError, UnsupportedAlgorithm, UsageError):
        return None


def _period(fields: Fields, entry: Mapping[str, Any]) -> Period:
    period = fields.part(entry.get("validFor"), "validFor", "start end")  # a word misspelt would leave it open
    return Period(_time(fields, period.get("start")), _time(fields, period.get("end")))


def _time(fields: Fields, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(fields.text(value, "validFor"))
    except ValueError:
        raise fields.refuse("validFor is no time in RFC 3339") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
