# SPDX-License-Identifier: Apache-2.0
"""Bundles with a certificate, versions 0.1 to 0.3: taken apart strictly, nothing verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.sign.bundle import MAX_BUNDLE, READ_MEDIA_TYPES
from pipeline_guard.sign.dsse import PAYLOAD_TYPE
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.material import LogEntry, MessageSignature, read_entries, read_message_signature, read_timestamps

HINT = "fetch the bundle again from where the subject came from, or have the subject signed again"
_MAX_CHAIN = 8
_MATERIAL = "publicKey certificate x509CertificateChain tlogEntries timestampVerificationData"


@dataclass(frozen=True, slots=True)
class UnverifiedCertified:
    """What a bundle claims: certificates (DER, the signer's first), log entries, timestamps, and one kind of content."""

    certificates: tuple[bytes, ...]
    entries: tuple[LogEntry, ...]
    timestamps: tuple[bytes, ...]
    payload: bytes
    signature: bytes
    message: MessageSignature | None
    media_type: str


def read_certified(unverified_bundle: bytes, name: str) -> UnverifiedCertified:
    """Take a bundle apart; ``name`` is for messages. Raises IntegrityError for anything irregular."""
    fields = Fields(name, HINT)
    top = _document(unverified_bundle, fields)
    material = fields.mapping(top["verificationMaterial"], "verificationMaterial", "", _MATERIAL)
    certificates = _certificates(material, fields)
    entries = read_entries(material, top["mediaType"], fields)
    stamps = read_timestamps(material, fields)
    if "dsseEnvelope" in top:
        payload, signature = _envelope(top["dsseEnvelope"], fields)
        return UnverifiedCertified(certificates, entries, stamps, payload, signature, None, top["mediaType"])
    message = read_message_signature(top["messageSignature"], fields)
    return UnverifiedCertified(certificates, entries, stamps, b"", message.signature, message, top["mediaType"])


def _document(unverified_bundle: bytes, fields: Fields) -> Mapping[str, Any]:
    try:
        document = parse_json(unverified_bundle, fields.name, limit=MAX_BUNDLE)
    except UsageError as error:
        raise IntegrityError(f"{error.what} (damaged or cut off)", HINT) from None
    top = fields.mapping(document, "the bundle", "mediaType verificationMaterial", "dsseEnvelope messageSignature")
    if top["mediaType"] not in READ_MEDIA_TYPES:
        raise fields.refuse("not a bundle version that is known", "versions 0.1 to 0.3 of the Sigstore bundle are read")
    if ("dsseEnvelope" in top) == ("messageSignature" in top):
        raise fields.refuse("a bundle holds one statement or one signature of a blob")
    return top


def _certificates(material: Mapping[str, Any], fields: Fields) -> tuple[bytes, ...]:
    if ("certificate" in material) + ("x509CertificateChain" in material) + ("publicKey" in material) != 1:
        raise fields.refuse("a bundle is signed with one certificate or one key")
    if "publicKey" in material:
        what = f"{fields.name}: signed with a bare key, not with a certificate"
        raise NotVerified(SignatureVerdict.UNKNOWN_KEY, what, "name the key with --key")
    if "certificate" in material:
        return (_certificate(material["certificate"], fields),)
    chain = fields.mapping(material["x509CertificateChain"], "x509CertificateChain", "certificates", "")
    found = fields.elements(chain["certificates"], "certificates", _MAX_CHAIN)
    if not found:
        raise fields.refuse("the bundle's chain has no certificate")
    return tuple(_certificate(value, fields) for value in found)


def _certificate(value: Any, fields: Fields) -> bytes:
    return fields.base64(fields.mapping(value, "certificate", "rawBytes", "")["rawBytes"], "rawBytes")


def _envelope(value: Any, fields: Fields) -> tuple[bytes, bytes]:
    envelope = fields.mapping(value, "dsseEnvelope", "payload payloadType signatures", "")
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise fields.refuse("the payload is no in-toto statement")
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise fields.refuse("a bundle has exactly one signature")
    signature = fields.mapping(signatures[0], "the signature", "sig", "keyid")
    # the certificate says who has signed; some tools write a key id all the same, and it is not trusted
    fields.text(signature.get("keyid", ""), "keyid")
    return fields.base64(envelope["payload"], "payload"), fields.base64(signature["sig"], "sig")
