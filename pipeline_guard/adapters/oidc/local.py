# SPDX-License-Identifier: Apache-2.0
"""An issuer of this process: signs a job identity like a forge does (RS256, RFC 7515), for rehearsals."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pipeline_guard.model.secret import Secret

_KEY_ID = "rehearsal"


class LocalIssuer:
    """Token source and key set of one throw-away key; its signature is good nowhere else."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = dict(claims)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def fetch(self, audience: str) -> Secret:
        """Return a compact JWT of the claims for ``audience``."""
        return Secret(self.issue({**self._claims, "aud": audience}).encode())

    def issue(self, claims: Mapping[str, Any]) -> str:
        """Return a compact JWT of other claims."""
        header = {"alg": "RS256", "kid": _KEY_ID, "typ": "JWT"}
        message = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(dict(claims)).encode())}"
        return f"{message}.{_encode(self._key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def keys(self, _issuer: str) -> Mapping[str, object]:
        """Return the JWK set with the public half."""
        numbers = self._key.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "kid": _KEY_ID, "use": "sig", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}]}


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _number(value: int) -> str:
    return _encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
