# SPDX-License-Identifier: Apache-2.0
"""Proofs of JSON Web Tokens and JSON Web Keys: they parse, and say themselves how old and how secret they are."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proofs.encoding import base64_bytes, json_object
from pipeline_guard.scan.proofs.outcome import (
    CONTRADICTED,
    DOCUMENTATION,
    EXPIRED,
    MOMENT,
    NO_SECRET,
    NO_TEST,
    PUBLIC,
    VERIFIED,
    Proof,
    State,
    holds,
)
from pipeline_guard.scan.proofs.published import WEB_KEYS, fingerprint

_DOCUMENTED = {("1234567890", "John Doe"), ("1234567890", "Jane Doe"), ("1234567890", None)}


def jwt(value: bytes, now: datetime) -> Proof:
    """Check a JWT whose header and payload parse; expired, unsigned and public ones are of lesser severity."""
    return judge(value, now, otherwise=CONTRADICTED)


def judge(value: bytes, now: datetime, *, otherwise: Proof) -> Proof:
    """Judge a JWT; ``otherwise`` is for what does not parse."""
    parts = value.split(b".")
    if len(parts) < 3:
        return otherwise
    header, payload = json_object(base64_bytes(parts[0], url=True)), json_object(base64_bytes(parts[1], url=True))
    if header is None or payload is None or not isinstance(header.get("alg"), str):
        return otherwise
    return _kind(header, payload, now)


def _kind(header: dict[str, Any], payload: dict[str, Any], now: datetime) -> Proof:
    issuer, subject, name = payload.get("iss"), payload.get("sub"), payload.get("name")
    if issuer == "supabase-demo" or (issuer == "supabase" and payload.get("role") == "anon"):
        return PUBLIC
    if isinstance(subject, str) and (name is None or isinstance(name, str)) and (subject, name) in _DOCUMENTED:
        return DOCUMENTATION
    if payload in ({"some": "payload"}, {"hello": "world"}, {"foo": "bar"}):
        return DOCUMENTATION  # what libraries print in their manuals
    if header["alg"].lower() == "none":
        return Proof(State.VERIFIED, Severity.LOW, "not signed")
    expires = payload.get("exp")
    if isinstance(expires, int | float) and not isinstance(expires, bool) and expires < now.timestamp():
        begins = payload.get("nbf", payload.get("iat"))
        return NO_SECRET if isinstance(begins, int | float) and 0 <= expires - begins <= MOMENT else EXPIRED
    if issuer == "supabase" and payload.get("role") == "service_role":
        return Proof(State.VERIFIED, Severity.CRITICAL, "a Supabase service key: passes every row policy")
    if isinstance(issuer, str) and (issuer == "kubernetes/serviceaccount" or "kubernetes.io" in payload):
        return Proof(State.VERIFIED, Severity.HIGH, "a Kubernetes service account" + ("" if expires else " that never expires"))
    return VERIFIED


def jwk(value: bytes, _now: datetime) -> Proof:
    """Check the private member of a key: ``d`` or ``k`` in base64url, of a length that its curve asks for."""
    raw = base64_bytes(value, url=True)
    return holds(raw is not None and len(raw) >= 16, NO_SECRET)


def jwk_around(value: bytes, around: bytes, now: datetime) -> Proof:
    """Check that ``d`` gives the public point beside it, on the curve that is named; RFC keys are documentation."""
    plain = jwk(value, now)
    if plain.state is not State.VERIFIED:
        return plain
    if fingerprint(value) in WEB_KEYS:
        return DOCUMENTATION
    members = dict(re.findall(rb'"(crv|x|y|kty)"\s{0,4}:\s{0,4}"([A-Za-z0-9_\-]{1,200})"', _object(value, around)))
    curve, point = members.get(b"crv"), base64_bytes(members.get(b"x", b""), url=True)
    scalar = base64_bytes(value, url=True) or b""
    if members.get(b"kty") not in (b"EC", b"OKP") or not point or curve is None:
        return NO_TEST if members.get(b"kty") == b"RSA" else plain
    public = _public(curve, scalar)
    if public is None:
        return NO_TEST
    return holds(public == point)


def _object(value: bytes, around: bytes) -> bytes:
    """Return the part of ``around`` between the braces that hold the value."""
    place = around.find(value)
    start, end = around.rfind(b"{", 0, place) + 1, around.find(b"}", place)
    return around[start : end if end >= 0 else len(around)]


def _public(curve: bytes, scalar: bytes) -> bytes | None:
    """Return the x coordinate, or the public key, that belongs to a private scalar."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curves = {b"P-256": (ec.SECP256R1, 32), b"P-384": (ec.SECP384R1, 48), b"P-521": (ec.SECP521R1, 66), b"secp256k1": (ec.SECP256K1, 32)}
    try:
        if curve in curves:
            kind, width = curves[curve]
            return ec.derive_private_key(int.from_bytes(scalar, "big"), kind()).public_key().public_numbers().x.to_bytes(width, "big")
        if curve == b"Ed25519":
            return ed25519.Ed25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        if curve == b"X25519":
            return x25519.X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    except (ValueError, UnsupportedAlgorithm):
        return b""
    return None
