# SPDX-License-Identifier: Apache-2.0
"""How each type of key signs in a token, and what our signatures look like outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline_guard.errors import Unavailable
from pipeline_guard.model.key import KeyType


@dataclass(frozen=True, slots=True)
class Scheme:
    """The PKCS#11 mechanism and its number, the hash that is made before it ("" for none), and the way to the form we hand out."""

    mechanism: Any
    number: int
    prehash: str
    encode: Callable[[bytes], bytes]


@cache
def scheme_of(key_type: KeyType) -> Scheme:
    """Return how a type of key signs; raise Unavailable where python-pkcs11 offers no way."""
    import pkcs11

    rsa = Scheme(pkcs11.Mechanism.SHA256_RSA_PKCS, int(pkcs11.Mechanism.SHA256_RSA_PKCS), "", bytes)
    schemes = {
        KeyType.EC_P256: Scheme(pkcs11.Mechanism.ECDSA, int(pkcs11.Mechanism.ECDSA), "sha256", _dss()),
        KeyType.EC_P384: Scheme(pkcs11.Mechanism.ECDSA, int(pkcs11.Mechanism.ECDSA), "sha384", _dss()),
        KeyType.ED25519: Scheme(pkcs11.Mechanism.EDDSA, int(pkcs11.Mechanism.EDDSA), "", bytes),
        KeyType.RSA_2048: rsa,
        KeyType.RSA_3072: rsa,
    }
    if key_type is KeyType.ML_DSA_65 and hasattr(pkcs11.Mechanism, "ML_DSA"):  # PKCS#11 3.2, pure, empty context
        return Scheme(pkcs11.Mechanism.ML_DSA, int(pkcs11.Mechanism.ML_DSA), "", bytes)
    if key_type not in schemes:
        raise Unavailable(f"keys of type {key_type.value} do not sign in this token", "use ec-p256")
    return schemes[key_type]


def _dss() -> Callable[[bytes], bytes]:
    """Return what turns r and s side by side into DER (RFC 3279, section 2.2.3)."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    def encode(raw: bytes) -> bytes:
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    return encode
