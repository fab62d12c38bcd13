# SPDX-License-Identifier: Apache-2.0
"""Certificates of a private trust root: its authority, its time-stamp authority, and signers with a receipt; every key in the token.

What is made here satisfies cosign, sigstore-go, sigstore-python and @sigstore/verify without a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline_guard.sign import der
from pipeline_guard.sign.certificate import CODE_SIGNING, TIME_STAMPING
from pipeline_guard.sign.receipt import RECEIPTS, precertificate_entry
from pipeline_guard.sign.timestamp import ECDSA_SHA256

_ISSUER_V1, _ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
LIFETIME = timedelta(minutes=10)  # of a signer's certificate; it must cover the timestamp
_SKEW = timedelta(minutes=1)  # before now, for verifiers whose time-stamp authority's clock is a little behind


@dataclass(frozen=True, slots=True)
class Holder:
    """A P-256 key in the token: its public half (DER SubjectPublicKeyInfo), and a DER signature with SHA-256 by it."""

    public: bytes
    sign: Callable[[bytes], bytes]

    @property
    def id(self) -> bytes:
        """The SHA-256 of the public half, which logs and their verifiers call its id."""
        return hashlib.sha256(self.public).digest()


@dataclass(frozen=True, slots=True)
class Names:
    """Whom a certificate is for: an identity (a URI or mail address) that ``issuer`` has confirmed."""

    identity: str
    issuer: str


def root_certificate(holder: Holder, name: str, start: datetime, end: datetime, serial: int) -> bytes:
    """Return a self-signed authority's certificate (DER)."""
    from cryptography import x509

    extensions = [
        (x509.BasicConstraints(ca=True, path_length=1), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier(_identifier(holder.public)), False),
    ]
    return _signed(extensions, _name(name), start, end, serial, holder, holder)


def timestamp_certificate(subject: bytes, name: str, root: bytes, holder: Holder, period: tuple[datetime, datetime], serial: int) -> bytes:
    """Return a time-stamp authority's certificate; ``subject`` is its DER public key, ``holder`` the key of ``root``."""
    from cryptography import x509

    extensions = [*_leaf_extensions(subject, holder), (x509.ExtendedKeyUsage([x509.ObjectIdentifier(TIME_STAMPING)]), True)]
    return _signed(extensions, _name(name), *period, serial, Holder(subject, holder.sign), holder, root)


def own_timestamp_certificate(holder: Holder, name: str, start: datetime, end: datetime, serial: int) -> bytes:
    """Return a self-signed time-stamp authority's certificate (DER), to be trusted by itself."""
    from cryptography import x509

    extensions = [*_leaf_extensions(holder.public, holder), (x509.ExtendedKeyUsage([x509.ObjectIdentifier(TIME_STAMPING)]), True)]
    return _signed(extensions, _name(name), start, end, serial, holder, holder)


def signer_certificate(subject: bytes, names: Names, root: bytes, holder: Holder, ct_log: Holder, now: datetime, serial: int) -> bytes:
    """Return a signer's certificate for ten minutes, with a receipt of the certificate log in it."""
    from cryptography import x509

    alternative: x509.GeneralName = x509.UniformResourceIdentifier(names.identity)
    if "@" in names.identity and ":" not in names.identity:
        alternative = x509.RFC822Name(names.identity)
    extensions = [
        *_leaf_extensions(subject, holder),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier(CODE_SIGNING)]), False),
        (x509.SubjectAlternativeName([alternative]), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(_ISSUER_V1), names.issuer.encode()), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(_ISSUER_V2), der.write(der.UTF8_STRING, names.issuer.encode())), False),
    ]
    owner = Holder(subject, holder.sign)
    period = (now - _SKEW, now + LIFETIME)
    without = _tbs(extensions, x509.Name([]), *period, serial, owner, root)
    milliseconds = int(now.timestamp()) * 1000
    receipt = _receipt(ct_log, precertificate_entry(holder.public, without, milliseconds), milliseconds)
    extensions.append((x509.UnrecognizedExtension(x509.ObjectIdentifier(RECEIPTS), receipt), False))
    return _signed(extensions, x509.Name([]), *period, serial, owner, holder, root)


def _receipt(ct_log: Holder, entry: bytes, milliseconds: int) -> bytes:
    """Return a list of one receipt as an extension's value (RFC 6962 section 3.3)."""
    signature = ct_log.sign(entry)
    sha256_ecdsa = b"\x04\x03"
    receipt = b"\0" + ct_log.id + milliseconds.to_bytes(8) + b"\0\0" + sha256_ecdsa + len(signature).to_bytes(2) + signature
    listed = len(receipt).to_bytes(2) + receipt
    return der.write(der.OCTET_STRING, len(listed).to_bytes(2) + listed)


def _name(text: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(**what: bool) -> Any:
    from cryptography import x509

    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    return x509.KeyUsage(**{name: what.get(name, False) for name in (*every, "crl_sign", "encipher_only", "decipher_only")})


def _identifier(public: bytes) -> bytes:
    # any number that is the key's alone; RFC 7093 section 2, method 1
    return hashlib.sha256(public).digest()[:20]


def _leaf_extensions(subject: bytes, issuer: Holder) -> list[tuple[Any, bool]]:
    from cryptography import x509

    return [
        (_usage(digital_signature=True), True),
        (x509.SubjectKeyIdentifier(_identifier(subject)), False),
        (x509.AuthorityKeyIdentifier(_identifier(issuer.public), None, None), False),
    ]


def _tbs(
    extensions: Sequence[tuple[Any, bool]], subject: Any, start: datetime, end: datetime, serial: int, owner: Holder, root: bytes
) -> bytes:
    """Return what an authority signs. A key that everybody knows signs first, because the builder wants one; its signature is dropped."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    issuer = x509.load_der_x509_certificate(root).subject if root else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).serial_number(serial)
    builder = builder.not_valid_before(start).not_valid_after(end)
    builder = builder.public_key(serialization.load_der_public_key(owner.public))  # type: ignore[arg-type]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(ec.derive_private_key(1, ec.SECP256R1()), hashes.SHA256()).tbs_certificate_bytes


def _signed(
    extensions: Sequence[tuple[Any, bool]],
    subject: Any,
    start: datetime,
    end: datetime,
    serial: int,
    owner: Holder,
    holder: Holder,
    root: bytes = b"",
) -> bytes:
    tbs = _tbs(extensions, subject, start, end, serial, owner, root)
    return der.sequence(tbs, der.sequence(der.oid(ECDSA_SHA256)), der.write(der.BIT_STRING, b"\0" + holder.sign(tbs)))
