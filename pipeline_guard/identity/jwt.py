# SPDX-License-Identifier: Apache-2.0
"""Compact JWTs (RFC 7519, RFC 7515) to VerifiedClaims; the only maker of that type.

The issuer comes from configuration, never from the token. Algorithms are pinned; keys come from the issuer's set only
(header keys and key addresses are refused); one audience, exactly; times are bounded; one text for every failure.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.identity import VerifiedClaims
from pipeline_guard.model.secret import Secret

LEEWAY = timedelta(seconds=30)
LONGEST_TOKEN = 32 * 1024  # bytes
LONGEST_LIFE = timedelta(hours=24)
_LONGEST_ID = 512  # characters of a jti or kid
_MODULUS = range(2048, 8193)  # bits: shorter can be broken, longer costs seconds to verify
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_HINT = "the job's identity token is not acceptable: check issuer, audience and clock"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a token must be: its issuer, its one audience, the algorithms allowed, and the issuer's JWK set (RFC 7517).

    ``bound`` is a second form of the audience, which names the key that the job proves to hold: a token of this form is of no use to
    whoever steals it. ``longest`` is how long its issuer lets a token live.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    jwks: Mapping[str, Any]
    bound: str = ""
    longest: timedelta = LONGEST_LIFE


def verify(unverified_token: Secret, expected: Expectation, now: datetime) -> VerifiedClaims:
    """Return the claims of a token that is what ``expected`` says at ``now``; raise IntegrityError for any other."""
    try:
        return _verify(unverified_token.reveal(), expected, now)
    except (UsageError, ValueError, KeyError, TypeError, AttributeError, binascii.Error, OverflowError):
        raise _refuse("it is malformed") from None


def unverified_issuer(unverified_token: Secret) -> str:
    """Return who a token says made it, to choose among the issuers that are configured; raise IntegrityError for what is no token."""
    try:
        raw = unverified_token.reveal()
        parts = raw.decode("ascii").split(".") if len(raw) <= LONGEST_TOKEN else []
        issuer = parse_json(decode(parts[1]), "claims")["iss"] if len(parts) == 3 else None
    except (UsageError, ValueError, KeyError, TypeError, binascii.Error):
        issuer = None
    if not isinstance(issuer, str):
        raise _refuse("it is malformed")
    return issuer


def unknown_key(unverified_token: Secret, jwks: Mapping[str, Any]) -> bool:
    """Tell whether a token names a key that a set does not hold, which may be the issuer's newest."""
    try:
        kid = parse_json(decode(unverified_token.reveal().decode("ascii").split(".")[0]), "header")["kid"]
        return isinstance(kid, str) and 0 < len(kid) <= _LONGEST_ID and all(jwk.get("kid") != kid for jwk in jwks["keys"])
    except (UsageError, ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return False


def _verify(raw: bytes, expected: Expectation, now: datetime) -> VerifiedClaims:
    if len(raw) > LONGEST_TOKEN:
        raise _refuse("it is too long")
    parts = raw.decode("ascii").split(".")
    if len(parts) != 3:
        raise _refuse("it is malformed")
    header = parse_json(decode(parts[0]), "header")
    algorithm = header["alg"]
    if algorithm not in expected.algorithms or header.get("typ", "JWT") not in ("JWT", "at+jwt") or _REFUSED_HEADERS & header.keys():
        raise _refuse("its header is not allowed")
    key = public_key(expected.jwks, header["kid"], algorithm)
    check_signature(key, algorithm, f"{parts[0]}.{parts[1]}".encode("ascii"), decode(parts[2]))
    claims = parse_json(decode(parts[1]), "claims")
    return _check_claims(claims, expected, now)


def decode(text: str) -> bytes:
    """Decode base64url without padding, strictly: one text for each value (RFC 7515, section 2)."""
    if not _SEGMENT.fullmatch(text):
        raise ValueError("not base64url")
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii") != text:
        raise ValueError("stray bits")
    return content


def public_key(jwks: Mapping[str, Any], kid: Any, algorithm: str) -> Any:
    """Return the public key ``kid`` of a JWK set; the set must hold it exactly once and allow it to verify."""
    found = [jwk for jwk in jwks["keys"] if isinstance(kid, str) and jwk.get("kid") == kid]
    if len(found) != 1:
        raise _refuse("no key of the issuer made it")
    jwk = found[0]
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm or "verify" not in jwk.get("key_ops", ["verify"]):
        raise _refuse("its key is not for signatures")
    return read_key(jwk, algorithm)


def read_key(jwk: Mapping[str, Any], algorithm: str) -> Any:
    """Return the public key of one JWK, of the kind that an algorithm wants. Raises IntegrityError, or what malformed fields raise."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if algorithm == "RS256" and jwk["kty"] == "RSA":
        modulus, exponent = _number(jwk["n"]), _number(jwk["e"])
        if modulus.bit_length() not in _MODULUS or not 3 <= exponent < 2**32 or exponent % 2 == 0:
            raise _refuse("its key is too weak, or too large")
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    if algorithm == "ES256" and jwk["kty"] == "EC" and jwk["crv"] == "P-256":
        return ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()).public_key()
    raise _refuse("its key does not fit its algorithm")


def _number(text: str) -> int:
    return int.from_bytes(decode(text), "big")


def check_signature(key: Any, algorithm: str, message: bytes, signature: bytes) -> None:
    """Raise IntegrityError unless ``signature`` over ``message`` holds (RFC 7518, sections 3.3 and 3.4)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    try:
        if algorithm == "RS256":
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return
        if len(signature) != 64:
            raise _refuse("its signature does not verify")
        pair = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(*pair), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise _refuse("its signature does not verify") from None


def _check_claims(claims: Mapping[str, Any], expected: Expectation, now: datetime) -> VerifiedClaims:
    if claims["iss"] != expected.issuer:
        raise _refuse("another issuer made it")
    audience = claims["aud"]
    allowed = [expected.audience, expected.bound] if expected.bound else [expected.audience]
    if audience not in allowed and audience not in [[each] for each in allowed]:
        raise _refuse("it is for another audience")
    issued, expires = _time(claims["iat"]), _time(claims["exp"])
    begins = _time(claims.get("nbf", claims["iat"]))
    if expires - issued > expected.longest or expires <= issued:
        raise _refuse("it lives too long")
    if now >= expires + LEEWAY:
        raise _refuse("it has expired")
    if now < begins - LEEWAY or now < issued - LEEWAY:
        raise _refuse("it is not valid yet")
    subject, token_id = claims["sub"], claims["jti"]
    if not isinstance(subject, str) or not isinstance(token_id, str) or not subject or not 0 < len(token_id) <= _LONGEST_ID:
        raise _refuse("it names no subject or no id")
    texts = {name: text for name, value in claims.items() if (text := _text(value)) is not None}
    return VerifiedClaims(expected.issuer, expected.audience, subject, token_id, issued, expires, texts)


def _time(value: Any) -> datetime:
    if type(value) is not int or not 0 <= value < 2**40:  # a boolean is an int in Python, and no time
        raise ValueError("not a time")
    return datetime.fromtimestamp(value, UTC)


def _text(value: Any) -> str | None:
    """Return a claim as policies compare it: text as it is, whole numbers in decimal; anything else matches nothing."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else None


def _refuse(why: str) -> IntegrityError:
    return IntegrityError(f"the identity token is refused: {why}", _HINT)
