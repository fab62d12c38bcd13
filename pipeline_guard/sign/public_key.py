# SPDX-License-Identifier: Apache-2.0
"""Public keys that may judge a bundle, each with the signature schemes that are in use for it.

What each of our keys writes: ECDSA P-256 with SHA-256, P-384 with SHA-384, Ed25519, RSA PKCS #1 v1.5 with SHA-256, ML-DSA-65
(FIPS 204, pure, empty context). Read are also P-384 and P-521 with SHA-256 (tools differ), RSA from 2048 bits, and PSS.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_guard.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

ML_DSA = "ml-dsa-65"
PLACES = ("token", "software")  # where a key that describes itself is kept
_MIN_RSA_BITS = 2048
_HINT = "give the public half: pipeline-guard keys export-public NAME --output signing.pem"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: ``der`` is its SubjectPublicKeyInfo, ``pem`` the same as text with its final newline."""

    key: Any
    der: bytes
    pem: bytes

    @property
    def type(self) -> str:
        """The kind of key by our names, with its size where we make no such key ("ec-p521", "rsa-2048")."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        if isinstance(self.key, ec.EllipticCurvePublicKey):
            return {"secp256r1": "ec-p256", "secp384r1": "ec-p384"}.get(self.key.curve.name, "ec-p521")
        if isinstance(self.key, rsa.RSAPublicKey):
            return f"rsa-{self.key.key_size}"
        return ML_DSA if _is_ml_dsa(self.key) else "ed25519"

    @property
    def is_post_quantum(self) -> bool:
        """Whether its signatures withstand a quantum computer."""
        return self.type == ML_DSA

    @property
    def fingerprint(self) -> str:
        """The hexadecimal SHA-256 of the DER SubjectPublicKeyInfo."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def hint(self) -> str:
        """The hint we write: the hexadecimal SHA-256 of the PEM text, which model-signing demands."""
        return hashlib.sha256(self.pem).hexdigest()

    def described(self, place: str) -> str:
        """Return the hint of a key that no other software reads yet: its type, where it is kept, its fingerprint."""
        return f"{self.type};{place};sha256:{self.fingerprint}"

    def is_named_by(self, hint: str) -> bool:
        """Tell whether a bundle's hint names this key, in any of the forms that tools write."""
        digest = hashlib.sha256(self.der).digest()
        if hint in (self.described(place) for place in PLACES):
            return self.is_post_quantum
        return hint in (self.hint, digest.hex(), base64.b64encode(digest).decode())

    def accepts(self, signature: bytes, message: bytes) -> bool:
        """Tell whether ``signature`` over ``message`` was made with this key, by any scheme that is in use for it."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        if isinstance(self.key, ec.EllipticCurvePublicKey):
            return _accepts_ecdsa(self.key, signature, message)
        if isinstance(self.key, rsa.RSAPublicKey):
            return _accepts_rsa(self.key, signature, message)
        return _holds(self.key, signature, message)

    def accepts_digest(self, signature: bytes, digest: bytes, algorithm: str) -> bool:
        """Tell whether ``signature`` is over content with this ``digest``; never for keys that take no digest (Ed25519)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

        kinds = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
        prehashed = utils.Prehashed(kinds[algorithm])
        if isinstance(self.key, ec.EllipticCurvePublicKey):
            usual = any(found.name == algorithm for found in _hashes(self.key))
            return usual and _is_der(signature) and _holds(self.key, signature, digest, ec.ECDSA(prehashed))
        if isinstance(self.key, rsa.RSAPublicKey):
            return algorithm == "sha256" and _holds(self.key, signature, digest, padding.PKCS1v15(), prehashed)
        return False


def load(public_pem: str) -> PublicKey:
    """Read a PEM public key. Raises UsageError for anything else, private keys included."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if "PRIVATE KEY-----" in public_pem:
        raise UsageError("this is a private key; verifying takes the public one", _HINT)
    if public_pem.count("-----BEGIN ") > 1:
        raise UsageError("more than one key", "one key a file; a policy names several, each with its own file")
    try:
        key = serialization.load_pem_public_key(public_pem.encode("utf-8", "surrogateescape"))
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("not a public key in PEM form", _HINT) from None
    known = (
        (isinstance(key, ec.EllipticCurvePublicKey) and _hashes(key) != ())
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS)
        or isinstance(key, ed25519.Ed25519PublicKey)
        or _is_ml_dsa(key)
    )
    if not known:
        hint = "use ECDSA P-256, P-384, P-521, Ed25519, ML-DSA-65, or RSA from 2048 bits"
        raise UsageError("a key of this kind cannot judge a bundle", hint)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return PublicKey(key, key.public_bytes(serialization.Encoding.DER, form), key.public_bytes(serialization.Encoding.PEM, form))


def _is_ml_dsa(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    kind = getattr(mldsa, "MLDSA65PublicKey", None)  # cryptography before it had the name reads no such key either
    return kind is not None and isinstance(key, kind)


def _hashes(key: EllipticCurvePublicKey) -> Sequence[HashAlgorithm]:
    from cryptography.hazmat.primitives import hashes

    # For the larger curves cosign and @sigstore/verify hash with SHA-256, model-signing and securesystemslib by size.
    return {
        "secp256r1": (hashes.SHA256(),),
        "secp384r1": (hashes.SHA384(), hashes.SHA256()),
        "secp521r1": (hashes.SHA512(), hashes.SHA256()),
    }.get(key.curve.name, ())


def _holds(key: Any, signature: bytes, message: bytes, *scheme: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, message, *scheme)
    except InvalidSignature:
        return False
    return True


def _is_der(signature: bytes) -> bool:
    """Tell whether a signature is the one DER encoding of its numbers."""
    from cryptography.hazmat.primitives.asymmetric import utils

    try:
        return utils.encode_dss_signature(*utils.decode_dss_signature(signature)) == signature
    except ValueError:
        return False


def _accepts_ecdsa(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    width = (key.curve.key_size + 7) // 8
    try:
        # one encoding for one signature: what does not come back byte for byte is refused
        if utils.encode_dss_signature(*utils.decode_dss_signature(signature)) != signature:
            return False
    except ValueError:
        if len(signature) != 2 * width:
            return False
        # r and s side by side, as tokens and some signers of summaries give them
        signature = utils.encode_dss_signature(int.from_bytes(signature[:width]), int.from_bytes(signature[width:]))
    return any(_holds(key, signature, message, ec.ECDSA(algorithm)) for algorithm in _hashes(key))


def _accepts_rsa(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sha256 = hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO)
    return any(_holds(key, signature, message, scheme, sha256) for scheme in (padding.PKCS1v15(), pss))
