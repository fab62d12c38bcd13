# SPDX-License-Identifier: Apache-2.0
"""Time-stamp tokens (RFC 3161, CMS of RFC 5652): asked for, and verified to a trusted time.

What does not verify raises IntegrityError; a token of an authority that nobody trusts proves no time and is no error,
because a bundle may carry several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign import der
from pipeline_guard.sign.certificate import TIME_STAMPING, check_chain, load_certificate
from pipeline_guard.sign.der import Malformed, Value
from pipeline_guard.sign.trusted_root import Authority

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_RESPONSE = 64 * 1024
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
SHA256 = "2.16.840.1.101.3.4.2.1"
_DIGESTS = {SHA256: "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_RSA = "1.2.840.113549.1.1.1"
_ED25519 = "1.3.101.112"
_SCHEMES = {
    ECDSA_SHA256: ("ec", "sha256"),
    "1.2.840.10045.4.3.3": ("ec", "sha384"),
    "1.2.840.10045.4.3.4": ("ec", "sha512"),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
}
_MAX_CERTIFICATES = 8
_MAX_ACCURACY = 4  # bytes of each part
_HINT = "have the subject signed and timestamped again"


@dataclass(frozen=True, slots=True)
class _Token:
    """The parts of a response that count."""

    info: Value  # TSTInfo
    certificates: tuple[bytes, ...]
    signer: Value  # SignerInfo


def request(message: bytes, nonce: int) -> bytes:
    """Return a request for a timestamp over ``message``, with the authority's certificate in the answer."""
    imprint = der.sequence(_algorithm(SHA256), der.write(der.OCTET_STRING, hashlib.sha256(message).digest()))
    return der.sequence(der.number(1), imprint, der.number(nonce), der.write(der.BOOLEAN, b"\xff"))


def _algorithm(oid: str) -> bytes:
    return der.sequence(der.oid(oid))


def nonce_of(response: bytes, name: str) -> int | None:
    """Return the nonce that an answer repeats, None for none. Raises IntegrityError."""
    try:
        fields = _parse(response, name).info.children()
        return next((der.integer(value) for value in fields[5:] if value.tag == der.INTEGER), None)
    except (ValueError, IndexError):  # Malformed, or another number of parts than there must be
        raise IntegrityError(f"{name}: the timestamp is malformed", _HINT) from None


def check_about(response: bytes, message: bytes, name: str) -> None:
    """Raise IntegrityError unless a response is a timestamp of ``message``, whoever made it: where nobody is asked for the time."""
    try:
        _check_info(_parse(response, name).info, message)
    except (ValueError, IndexError):
        raise IntegrityError(f"{name}: the timestamp is malformed, or not of this signature", _HINT) from None


def check_timestamp(response: bytes, message: bytes, authorities: Sequence[Authority], name: str) -> TrustedTime | None:
    """Return when ``message`` existed; None where the token's authority is none of those that are trusted.

    Raises IntegrityError for a token that is malformed, about something else, or not signed by whom it names.
    """
    try:
        token = _parse(response, name)
        time = _check_info(token.info, message)
        candidates = [load_certificate(content, name) for content in token.certificates]
        candidates += [authority.chain[0] for authority in authorities]
        signer = _signer(token.signer, candidates)
        if signer is None:
            return None
        _check_signature(token, signer)
        accuracy = _accuracy(token.info)
    except (ValueError, IndexError):  # Malformed, or another number of parts than there must be
        raise IntegrityError(f"{name}: the timestamp is malformed, or not of this signature", _HINT) from None
    _check_purpose(signer, name)
    for authority in authorities:
        if _leads_to(signer, candidates, authority, time, name):
            return TrustedTime(time, f"rfc3161:{authority.name}", accuracy)
    return None


def _parse(response: bytes, name: str) -> _Token:
    if len(response) > MAX_RESPONSE:
        raise IntegrityError(f"{name}: a timestamp of more than {MAX_RESPONSE} bytes", _HINT)
    parts = der.expect(der.read(response), der.SEQUENCE).children()
    status = der.integer(der.expect(parts[0], der.SEQUENCE).children()[0])
    if status not in (0, 1) or len(parts) != 2:
        raise IntegrityError(f"{name}: the time-stamp authority refused", "ask it again, or another one")
    kind, wrapped = der.expect(parts[1], der.SEQUENCE).children()[:2]
    signed = der.expect(_inner(wrapped), der.SEQUENCE).children()
    encapsulated = der.expect(signed[2], der.SEQUENCE).children()
    if der.dotted(kind) != SIGNED_DATA or der.dotted(encapsulated[0]) != TST_INFO:
        raise Malformed("no time-stamp token")
    info = der.read(der.expect(_inner(encapsulated[1]), der.OCTET_STRING).content)
    certificates = next((value.children() for value in signed[3:-1] if value.tag == 0xA0), [])
    signers = der.expect(signed[-1], der.SET).children()
    if len(signers) != 1 or len(certificates) > _MAX_CERTIFICATES:
        raise Malformed("a token has one signer")
    return _Token(der.expect(info, der.SEQUENCE), tuple(value.raw for value in certificates), der.expect(signers[0], der.SEQUENCE))


def _inner(wrapped: Value) -> Value:
    (inner,) = der.expect(wrapped, 0xA0).children()
    return inner


def _check_info(info: Value, message: bytes) -> datetime:
    """Compare TSTInfo with what must have been stamped; return its time."""
    fields = info.children()
    imprint = der.expect(fields[2], der.SEQUENCE).children()
    algorithm = _digest_name(imprint[0])
    if der.integer(fields[0]) != 1 or der.expect(imprint[1], der.OCTET_STRING).content != hashlib.new(algorithm, message).digest():
        raise Malformed("a timestamp of something else")
    der.integer(fields[3])
    return der.moment(fields[4])


def _accuracy(info: Value) -> timedelta:
    """Return how far the time may be off (RFC 3161 section 2.4.2: seconds, [0] thousandths, [1] millionths; all may be left out)."""
    found = next((value for value in info.children()[5:] if value.tag == der.SEQUENCE), None)
    units = {der.INTEGER: timedelta(seconds=1), 0x80: timedelta(milliseconds=1), 0x81: timedelta(microseconds=1)}
    off = timedelta(0)
    for part in found.children() if found else []:
        if part.tag not in units or not 1 <= len(part.content) <= _MAX_ACCURACY:
            raise Malformed("an accuracy that is none")
        off += units[part.tag] * int.from_bytes(part.content)
    return off


def _digest_name(algorithm: Value) -> str:
    found = _DIGESTS.get(der.dotted(der.expect(algorithm, der.SEQUENCE).children()[0]))
    if found is None:
        raise Malformed("a digest that is not verified")
    return found


def _signer(signer: Value, candidates: Sequence[Certificate]) -> Certificate | None:
    """Return the certificate that SignerInfo names: by issuer and serial number, or by its key's identifier."""
    from cryptography.hazmat.primitives.serialization import Encoding

    named = signer.children()[1]
    for candidate in candidates:
        if named.tag == der.SEQUENCE:
            if named.content == issued_as(candidate.public_bytes(Encoding.DER)):
                return candidate
        elif named.tag == 0x80 and named.content == _key_identifier(candidate):
            return candidate
    return None


def issued_as(certificate: bytes) -> bytes:
    """Return a certificate's issuer and serial number as they stand in it, which is how a token names its signer."""
    fields = der.read(certificate).children()[0].children()[1:]  # after the version, which every one with extensions has
    return fields[2].raw + fields[0].raw


def _key_identifier(certificate: Certificate) -> bytes | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _check_signature(token: _Token, signer: Certificate) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    fields = token.signer.children()
    digest = _digest_name(fields[2])
    attributes = _attributes(der.expect(fields[3], 0xA0))
    content_type, message_digest = attributes[CONTENT_TYPE], attributes[MESSAGE_DIGEST]
    if der.dotted(content_type) != TST_INFO or message_digest.content != hashlib.new(digest, token.info.raw).digest():
        raise Malformed("attributes of something else")
    _check_named(attributes, signer.public_bytes(Encoding.DER))
    # RFC 5652 section 5.4: signed as a SET, although it stands as [0]
    signed = der.write(der.SET, fields[3].content)
    if not _holds(signer, der.dotted(fields[4].children()[0]), digest, der.expect(fields[5], der.OCTET_STRING).content, signed):
        raise Malformed("the signature does not verify")


def _attributes(value: Value) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for attribute in value.children():
        kind, values = der.expect(attribute, der.SEQUENCE).children()
        if der.dotted(kind) in found:
            raise Malformed("an attribute twice")
        found[der.dotted(kind)] = der.expect(values, der.SET).children()[0]
    if not found.keys() >= {CONTENT_TYPE, MESSAGE_DIGEST}:
        raise Malformed("attributes missing")
    return found


def _check_named(attributes: dict[str, Value], certificate: bytes) -> None:
    """Demand that the signer is bound into what it signed (RFC 5816 section 2.2.1, RFC 2634 section 5.4)."""
    for kind, preset in ((SIGNING_CERTIFICATE_V2, "sha256"), (SIGNING_CERTIFICATE, "sha1")):
        if kind in attributes:
            parts = attributes[kind].children()[0].children()[0].children()
            algorithm = preset
            if parts[0].tag == der.SEQUENCE and kind == SIGNING_CERTIFICATE_V2:
                algorithm = _digest_name(parts.pop(0))
            if parts[0].content == hashlib.new(algorithm, certificate, usedforsecurity=False).digest():
                return
    raise Malformed("another signer's certificate")


def _holds(signer: Certificate, scheme: str, digest: str, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        key = signer.public_key()
        kind, named = _SCHEMES.get(scheme, ("rsa" if scheme == _RSA else "", digest))
        algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[digest]
        if named != digest:
            return False
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ec":
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsa" and key.key_size >= 2048:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey) and scheme == _ED25519:
            key.verify(signature, signed)
        else:
            return False
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _check_purpose(signer: Certificate, name: str) -> None:
    from cryptography import x509

    try:
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        alone = [purpose.dotted_string for purpose in purposes.value] == [TIME_STAMPING]
    except x509.ExtensionNotFound:
        alone = False
    # RFC 3161 section 2.3
    if not alone or not purposes.critical:
        raise IntegrityError(f"{name}: the timestamp's certificate is not for timestamps alone", _HINT)


def _leads_to(signer: Certificate, others: Sequence[Certificate], authority: Authority, time: datetime, name: str) -> bool:
    if signer == authority.chain[-1]:  # trusted by itself
        return authority.period.covers(time) and signer.not_valid_before_utc <= time <= signer.not_valid_after_utc
    try:
        check_chain(signer, others, [authority], time, purpose=TIME_STAMPING, name=name)
    except IntegrityError:
        return False
    return True
