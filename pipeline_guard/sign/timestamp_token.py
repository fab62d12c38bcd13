# SPDX-License-Identifier: Apache-2.0
"""A time-stamp authority of our own: tokens of RFC 3161 whose key stays in the token.

What other verifiers insist on: sets sorted as DER demands, the signer's certificate and no other, bound in by SHA-256
(rfc3161-client refuses the rest), the certificate's one purpose critical.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline_guard.sign import der
from pipeline_guard.sign.timestamp import (
    CONTENT_TYPE,
    ECDSA_SHA256,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
    issued_as,
)

POLICY = "1.3.6.1.4.1.57264.2"  # Sigstore's policy for timestamps
_ACCURACY = 1  # seconds; tokens say whole ones


@dataclass(frozen=True, slots=True)
class TimestampSigner:
    """Who stamps: a P-256 certificate (DER), its issuer's name and serial number, and a signature by its key (DER)."""

    certificate: bytes
    sign: Callable[[bytes], bytes]


def stamp(message: bytes, time: datetime, serial: int, signer: TimestampSigner) -> bytes:
    """Return a time-stamp response that says ``message`` existed at ``time``."""
    info = _info(message, time, serial)
    attributes = _attributes(info, signer.certificate)
    signer_info = der.sequence(
        der.number(1),
        der.sequence(issued_as(signer.certificate)),
        der.sequence(der.oid(SHA256)),
        der.set_of(attributes, 0xA0),
        der.sequence(der.oid(ECDSA_SHA256)),
        der.write(der.OCTET_STRING, signer.sign(der.set_of(attributes))),
    )
    signed = der.sequence(
        der.number(3),
        der.set_of([der.sequence(der.oid(SHA256))]),
        der.sequence(der.oid(TST_INFO), der.write(0xA0, der.write(der.OCTET_STRING, info))),
        der.set_of([signer.certificate], 0xA0),
        der.set_of([signer_info]),
    )
    granted = der.sequence(der.number(0))
    return der.sequence(granted, der.sequence(der.oid(SIGNED_DATA), der.write(0xA0, signed)))


def _info(message: bytes, time: datetime, serial: int) -> bytes:
    return der.sequence(
        der.number(1),
        der.oid(POLICY),
        der.sequence(der.sequence(der.oid(SHA256)), der.write(der.OCTET_STRING, hashlib.sha256(message).digest())),
        der.number(serial),
        der.write(der.GENERALIZED_TIME, time.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()),
        der.sequence(der.number(_ACCURACY)),
    )


def _attributes(info: bytes, certificate: bytes) -> list[bytes]:
    # SHA-256 is the default of ESSCertIDv2 and so, in DER, not written
    identified = der.sequence(der.sequence(der.sequence(der.write(der.OCTET_STRING, hashlib.sha256(certificate).digest()))))
    return [
        _attribute(CONTENT_TYPE, der.oid(TST_INFO)),
        _attribute(MESSAGE_DIGEST, der.write(der.OCTET_STRING, hashlib.sha256(info).digest())),
        _attribute(SIGNING_CERTIFICATE_V2, identified),
    ]


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of([value]))
