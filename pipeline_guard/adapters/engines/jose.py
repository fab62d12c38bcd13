# SPDX-License-Identifier: Apache-2.0
"""JWTs signed in the token (RFC 7515, RFC 7519), and the documents of an issuer that others verify them with.

The private half is never here: what is signed goes to the token, what comes back is put into the form of JWS.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.key import KeyType

_ALGORITHMS = {
    KeyType.EC_P256: "ES256",
    KeyType.EC_P384: "ES384",
    KeyType.RSA_2048: "RS256",
    KeyType.RSA_3072: "RS256",
    KeyType.ED25519: "EdDSA",
}
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}  # RFC 7638, RFC 8037


def encoded(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def algorithm_of(key: EngineKey) -> str:
    """Return the JWS name of what a key signs with; raise UsageError for a type without one."""
    if key.type not in _ALGORITHMS:
        raise UsageError(f"key {key.name} cannot sign a JWT: it is {key.type.value}", "use a key of type ec-p256 or rsa-3072")
    return _ALGORITHMS[key.type]


def compact(payload: Mapping[str, Any], key: EngineKey, kid: str = "") -> str:
    """Return a JWT in compact form."""
    header = {"alg": algorithm_of(key), "typ": "JWT", **({"kid": kid} if kid else {})}
    parts = [encoded(json.dumps(part, separators=(",", ":")).encode("utf-8")) for part in (header, payload)]
    signature = key.sign(".".join(parts).encode("ascii"))
    if key.type in (KeyType.EC_P256, KeyType.EC_P384):
        signature = _side_by_side(signature, 32 if key.type is KeyType.EC_P256 else 48)
    return ".".join([*parts, encoded(signature)])


def jwk(public_pem: str) -> dict[str, str]:
    """Return a public key as JWK (RFC 7517); raise UsageError for a kind we do not use."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    key = load_pem_public_key(public_pem.encode("ascii"))
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1"):
        size, name = (32, "P-256") if key.curve.name == "secp256r1" else (48, "P-384")
        point = key.public_numbers()
        return {"kty": "EC", "crv": name, "x": encoded(point.x.to_bytes(size)), "y": encoded(point.y.to_bytes(size))}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    raise UsageError("the key is of a kind that no JWT is signed with", "use ec-p256, ec-p384, ed25519 or rsa-3072")


def thumbprint(key: Mapping[str, Any]) -> str:
    """Return the thumbprint of a JWK (RFC 7638); raise UsageError for what is none."""
    names = _THUMBPRINT.get(str(key.get("kty")), ())
    if not names or not all(isinstance(key.get(name), str) and key[name] for name in names):
        raise UsageError("the key that was sent along is no public JWK", "send kty with crv, x and y, or with n and e")
    if set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}:
        raise UsageError("the key that was sent along is a private one", "send its public half only, and make a new key")
    text = json.dumps({name: key[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return encoded(hashlib.sha256(text.encode("utf-8")).digest())


def key_set(keys: Iterable[EngineKey]) -> dict[str, Any]:
    """Return the JWK set that an issuer publishes: every key whose JWTs are still to be believed."""
    found = []
    for key in keys:
        public = jwk(key.public_pem)
        found.append({**public, "use": "sig", "alg": algorithm_of(key), "kid": thumbprint(public)})
    return {"keys": found}


def discovery(issuer: str, keys: Iterable[EngineKey]) -> dict[str, Any]:
    """Return an issuer's document for ``ISSUER/.well-known/openid-configuration``; it publishes keys, nobody logs in there."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer.rstrip('/')}/.well-known/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({algorithm_of(key) for key in keys}),
    }


def _number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8))


def _side_by_side(der: bytes, size: int) -> bytes:
    """Return r and s as JWS wants them (RFC 7518, section 3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return r.to_bytes(size) + s.to_bytes(size)
