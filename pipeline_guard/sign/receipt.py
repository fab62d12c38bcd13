# SPDX-License-Identifier: Apache-2.0
"""Receipts of certificate logs (SCT, RFC 6962 section 3.2), as embedded in a certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.trusted_root import Log

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

RECEIPTS = "1.3.6.1.4.1.11129.2.4.2"
_MAX_RECEIPTS = 16
_HINT = "a trusted root without certificate logs asks for no receipt"


def precertificate_entry(issuer_key: bytes, tbs: bytes, milliseconds: int, extensions: bytes = b"") -> bytes:
    """Return what a log signs for a certificate: ``issuer_key`` is the DER key of its issuer, ``tbs`` lacks the receipt."""
    return b"".join(
        [
            b"\0\0",  # version 1, certificate_timestamp
            milliseconds.to_bytes(8),
            b"\0\x01",  # precert_entry
            hashlib.sha256(issuer_key).digest(),
            len(tbs).to_bytes(3),
            tbs,
            len(extensions).to_bytes(2),
            extensions,
        ]
    )


def check_receipt(certificate: Certificate, issuer: Certificate, logs: Sequence[Log], name: str) -> None:
    """Demand one receipt of a trusted log over this certificate. Raises IntegrityError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    found = next((extension.value for extension in certificate.extensions if extension.oid.dotted_string == RECEIPTS), None)
    if not isinstance(found, x509.PrecertificateSignedCertificateTimestamps):
        raise IntegrityError(f"{name}: the certificate has no receipt of a certificate log", _HINT)
    spki = issuer.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        tbs = certificate.tbs_precertificate_bytes
    except ValueError:
        raise IntegrityError(f"{name}: the certificate's receipt is malformed", _HINT) from None
    for receipt in list(found)[:_MAX_RECEIPTS]:
        logged = receipt.timestamp.replace(tzinfo=UTC)
        message = precertificate_entry(spki, tbs, _milliseconds(logged), receipt.extension_bytes)
        if any(log.id == receipt.log_id and log.period.covers(logged) and log.key.accepts(receipt.signature, message) for log in logs):
            return
    raise IntegrityError(f"{name}: no trusted certificate log has this certificate", "the certificate's issuer did not publish it")


def _milliseconds(time: datetime) -> int:
    # in whole numbers: a float loses the last digit of some times
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1000 + since.microseconds // 1000
