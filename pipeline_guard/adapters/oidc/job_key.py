# SPDX-License-Identifier: Apache-2.0
"""The key that a job makes for itself, and proves to hold with every request (RFC 9449, DPoP)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from pipeline_guard.errors import Unavailable
from pipeline_guard.model.p256 import thumbprint
from pipeline_guard.model.secret import Secret


@dataclass(frozen=True, slots=True)
class JobKey:
    """A P-256 key pair of one job."""

    key: ec.EllipticCurvePrivateKey

    @staticmethod
    def make() -> JobKey:
        """Generate one."""
        return JobKey(ec.generate_private_key(ec.SECP256R1()))

    @staticmethod
    def load(text: str) -> JobKey:
        """Read what ``dump`` wrote; raise Unavailable for anything else."""
        try:
            key = load_der_private_key(base64.b64decode(text, validate=True), None)
        except ValueError:
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Unavailable("the job's own key cannot be read", "remove the file, and begin anew")
        return JobKey(key)

    def dump(self) -> str:
        """Return it as text, for a private file that a later step reads."""
        return base64.b64encode(self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode("ascii")

    def jwk(self) -> dict[str, str]:
        """Return the public half (RFC 7517)."""
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _encode(numbers.x.to_bytes(32, "big")), "y": _encode(numbers.y.to_bytes(32, "big"))}

    def thumbprint(self) -> str:
        """Return the name of the public half."""
        return thumbprint(self.jwk())

    def proof(self, method: str, address: str, token: Secret | None = None, *, skew: float = 0.0) -> str:
        """Return a proof for one request, made at our time plus ``skew`` seconds."""
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()}
        claims: dict[str, object] = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": address, "iat": int(time.time() + skew)}
        if token is not None:
            claims["ath"] = _encode(hashlib.sha256(token.reveal()).digest())
        message = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        pair = decode_dss_signature(self.key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{message}.{_encode(b''.join(number.to_bytes(32, 'big') for number in pair))}"


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
