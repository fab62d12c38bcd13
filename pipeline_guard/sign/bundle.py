# SPDX-License-Identifier: Apache-2.0
"""Sigstore bundles with one DSSE signature by a bare key: written as one line, read strictly.

Reading refuses what other readers let pass: unknown or doubled fields, base64 that has a second spelling,
more than one signature, a key id. Nothing read here is verified.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.sign.dsse import PAYLOAD_TYPE
from pipeline_guard.sign.fields import Fields
from pipeline_guard.sign.material import MessageSignature, read_entries, read_message_signature, read_timestamps

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
READ_MEDIA_TYPES = (MEDIA_TYPE, *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3)))
MAX_BUNDLE = 32 * 1024 * 1024  # about 150,000 files of a model
_HINT = "fetch the bundle again from where the subject came from, or have the subject signed again"


@dataclass(frozen=True, slots=True)
class UnverifiedEnvelope:
    """What a bundle claims: the payload, a signature over it, and a hint which key made it ("" for none)."""

    payload: bytes
    signature: bytes
    hint: str
    timestamps: tuple[bytes, ...] = ()
    message: MessageSignature | None = None  # instead of a payload: a blob by its digest
    media_type: str = MEDIA_TYPE


def write_bundle(payload: bytes, signature: bytes, hint: str, timestamps: Sequence[bytes] = ()) -> bytes:
    """Return a bundle v0.3 as one compact line of ASCII without a newline; ``timestamps`` are responses over the signature."""
    material: dict[str, Any] = {"publicKey": {"hint": hint}, "tlogEntries": []}
    if timestamps:
        stamps = [{"signedTimestamp": base64.b64encode(stamp).decode()} for stamp in timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode("ascii")


def read_bundle(unverified_bundle: bytes, name: str) -> UnverifiedEnvelope:
    """Take a bundle apart; ``name`` is for messages. Raises IntegrityError for anything irregular."""
    if not unverified_bundle.strip():
        raise IntegrityError(f"{name}: the bundle is empty", _HINT)
    try:
        document = parse_json(unverified_bundle, name, limit=MAX_BUNDLE)
    except UsageError as error:
        raise IntegrityError(f"{error.what} (damaged or cut off)", _HINT) from None
    fields = Fields(name, _HINT)
    top = fields.mapping(document, "the bundle", "mediaType verificationMaterial", "dsseEnvelope messageSignature")
    if fields.text(top["mediaType"], "mediaType") not in READ_MEDIA_TYPES:
        raise fields.refuse("not a bundle version that is known", "versions 0.1 to 0.3 of the Sigstore bundle are read")
    hint = _hint_of(top["verificationMaterial"], top["mediaType"], fields)
    timestamps = read_timestamps(top["verificationMaterial"], fields)
    if ("dsseEnvelope" in top) == ("messageSignature" in top):
        raise fields.refuse("a bundle holds one statement or one signature of a blob")
    if "messageSignature" in top:
        message = read_message_signature(top["messageSignature"], fields)
        return UnverifiedEnvelope(b"", message.signature, hint, timestamps, message, top["mediaType"])
    return replace(_envelope(top["dsseEnvelope"], hint, fields), timestamps=timestamps, media_type=top["mediaType"])


def _hint_of(value: Any, media_type: str, fields: Fields) -> str:
    """Return the hint of which key signed; "" for none."""
    what = "verificationMaterial"
    carried = "publicKey certificate x509CertificateChain tlogEntries timestampVerificationData"
    material = fields.mapping(value, what, optional=carried)
    if "certificate" in material or "x509CertificateChain" in material:
        what = f"{fields.name}: signed with a certificate, not with a bare key"
        raise NotVerified(SignatureVerdict.UNKNOWN_KEY, what, "say who must have signed: --certificate-identity")
    # Log entries say nothing about a bare key: they are neither needed nor trusted, but they must be some.
    if not isinstance(material.get("tlogEntries", []), list):
        raise fields.refuse(f"{what} is malformed")
    read_entries(material, media_type, fields)
    if "publicKey" not in material:
        raise fields.refuse(f"{what} names no public key")
    return fields.text(fields.mapping(material["publicKey"], "publicKey", optional="hint").get("hint", ""), "hint")


def _envelope(value: Any, hint: str, fields: Fields) -> UnverifiedEnvelope:
    envelope = fields.mapping(value, "dsseEnvelope", "payload payloadType signatures", "")
    if fields.text(envelope["payloadType"], "payloadType") != PAYLOAD_TYPE:
        raise fields.refuse("the payload is no in-toto statement")
    signatures = envelope["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise fields.refuse("a bundle has exactly one signature")
    signature = fields.mapping(signatures[0], "the signature", "sig", "keyid")
    if fields.text(signature.get("keyid", ""), "keyid"):
        raise fields.refuse("the signature carries a key id", "bundles name their key by the hint; sign again without a key id")
    return UnverifiedEnvelope(fields.base64(envelope["payload"], "payload"), fields.base64(signature["sig"], "sig"), hint)
