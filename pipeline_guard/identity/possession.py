# SPDX-License-Identifier: Apache-2.0
"""Proof of possession (RFC 9449, DPoP): a job shows that it holds the key which its lease is bound to.

A proof is a JWT of the job's own, made for one method and one address, good for a minute, used once. ES256 only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.identity.jwt import check_signature, decode, read_key
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.p256 import thumbprint
from pipeline_guard.model.secret import Secret

FRESH = timedelta(seconds=60)  # how far a proof's time may be from ours, either way: clocks of runners drift
LONGEST_PROOF = 4096  # bytes
_PUBLIC = {"kty", "crv", "x", "y"}
_HINT = "send a fresh DPoP proof for this method and address (RFC 9449)"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that held: the thumbprint of its key (RFC 7638), and its own id, which counts once."""

    key: str
    id: str
    until: datetime  # after which it is stale anyway


def token_hash(token: bytes) -> str:
    """Return what a proof says of the token it goes with (``ath``)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token).digest()).rstrip(b"=").decode("ascii")


def session_digest(token: Secret) -> str:
    """Return the digest under which a session's token is known."""
    return hashlib.sha256(token.reveal()).hexdigest()


def verify_proof(unverified_proof: str, method: str, address: str, now: datetime, *, token: Secret | None = None) -> Proof:
    """Return a proof that is of ``method`` and ``address`` at ``now``, and goes with ``token`` if there is one.

    Raises IntegrityError for any other, always the same.
    """
    try:
        return _verify(unverified_proof, method, address, now, token.reveal() if token else b"")
    except (UsageError, IntegrityError, ValueError, KeyError, TypeError, AttributeError, binascii.Error, OverflowError):
        raise IntegrityError("the proof of possession does not hold", _HINT) from None


def _verify(text: str, method: str, address: str, now: datetime, token: bytes) -> Proof:
    parts = text.split(".")
    if len(text) > LONGEST_PROOF or len(parts) != 3:
        raise ValueError("no compact JWT")
    header = parse_json(decode(parts[0]), "header")
    if set(header) != {"typ", "alg", "jwk"} or header["typ"] != "dpop+jwt" or header["alg"] != "ES256":
        raise ValueError("not a DPoP proof")
    jwk = header["jwk"]
    if not _PUBLIC <= set(jwk) <= _PUBLIC | {"use", "alg", "kid"}:  # "d" would be the private half
        raise ValueError("not a public key of ours")
    check_signature(read_key(jwk, "ES256"), "ES256", f"{parts[0]}.{parts[1]}".encode("ascii"), decode(parts[2]))
    claims = parse_json(decode(parts[1]), "claims")
    made = claims["iat"]
    if type(made) is not int or not 0 <= made < 2**40:
        raise ValueError("not a time")
    issued = datetime.fromtimestamp(made, UTC)
    if not now - FRESH <= issued <= now + FRESH or claims["htm"] != method or claims["htu"] != address:
        raise ValueError("for something else, or stale")
    if claims.get("ath") != (token_hash(token) if token else None):
        raise ValueError("for another token")
    identifier = claims["jti"]
    if not isinstance(identifier, str) or not 8 <= len(identifier) <= 128:
        raise ValueError("no id")
    key = thumbprint(jwk)
    return Proof(key, hashlib.sha256(f"{key}\n{identifier}".encode()).hexdigest(), issued + 2 * FRESH)
