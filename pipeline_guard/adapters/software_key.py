# SPDX-License-Identifier: Apache-2.0
"""ML-DSA-65 beside a token that does not have it: signed in this process, with a seed that only the token can give.

The seed is the SHA-256 of a deterministic signature (Ed25519, RFC 8032) that a key of the token, made for this alone, puts under a
fixed text. Nothing is stored outside the token, and destroying that key destroys the seed. But while it signs, the private key is in
this process' memory: whoever reads that has it for ever. So such a key is only made where somebody asked for it in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.boundary import Probe, TokenFacts
from pipeline_guard.model.key import SOFTWARE, KeyRecord, KeyRef, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Anchor, Examined, Importing, Keystore, Signer, Wrapper

_LABEL = b"pipeline-guard ml-dsa-65 seed v1"


class Token(Keystore, Signer, Wrapper, Anchor, Examined, Protocol):
    """Everything one token does."""

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        ...


class WithSoftwareKeys:
    """A token that also signs with ML-DSA keys of this kind; ``makes`` them only where that was asked for."""

    def __init__(self, token: Token, *, makes: bool = False) -> None:
        self.token = token
        self.makes = makes

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        return self.token.facts()

    def token_facts(self) -> TokenFacts:
        """Return what a judgement of the token is bound to."""
        return self.token.token_facts()

    def probe(self) -> Sequence[Probe]:
        """Try to get keys out of the token."""
        return self.token.probe()

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a key in the token; an ML-DSA-65 key beside it, where that was asked for."""
        if key_type is not KeyType.ML_DSA_65 or not self.makes:
            return self.token.create(name, version, key_type, usage, begun)
        base = self.token.create(name, version, KeyType.ED25519, usage, begun)
        try:
            pem = _public_pem(_private(self._seed(base.ref)))
        except BaseException:
            self.token.destroy(base.ref)
            raise
        return replace(base, ref=replace(base.ref, type=KeyType.ML_DSA_65), token=(SOFTWARE + base.token)[:64], public_pem=pem)

    def import_rsa(self, name: str, version: int, pem: Secret, begun: Callable[[KeyRef], None] | None = None) -> KeyRecord:
        """Put a private RSA key into the token."""
        if not isinstance(self.token, Importing):
            raise UsageError("keys are not imported into this key service", "use a PKCS#11 token, or the service's own tools")
        return self.token.import_rsa(name, version, pem, begun)

    def describe(self, uri: str) -> KeyRecord:
        """Find a key by URI."""
        return self.token.describe(uri)

    def destroy(self, key: KeyRef) -> None:
        """Remove a key; with it goes all that a key in software was made of."""
        self.token.destroy(key)

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return a signature in the form of the port."""
        if key.type is not KeyType.ML_DSA_65:
            return self.token.sign(key, message)
        identifier = "".join(f"%{byte:02x}" for byte in bytes.fromhex(key.id))
        base = self.token.describe(f"pkcs11:id={identifier}").ref
        if base.type is not KeyType.ED25519:
            return self.token.sign(key, message)
        return bytes(_private(self._seed(replace(base, name=key.name, version=key.version))).sign(message))

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Wrap in the token."""
        return self.token.wrap(key, data_key, associated)

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Unwrap in the token."""
        return self.token.unwrap(key, wrapped, associated)

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return the audit record that the token remembers."""
        return self.token.anchored(store)

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Let the token remember a later audit record."""
        self.token.anchor(store, seq, digest)

    def _seed(self, base: KeyRef) -> Secret:
        """Return the seed. Raises Unavailable where the token's signatures differ from one time to the next."""
        once, twice = self.token.sign(base, _LABEL), self.token.sign(base, _LABEL)
        if once != twice:
            raise Unavailable("the token's Ed25519 signatures are not deterministic: no key can be derived from it", "use ec-p256")
        return Secret(hashlib.sha256(_LABEL + once).digest())


def _private(seed: Secret) -> Any:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if not hasattr(mldsa, "MLDSA65PrivateKey"):
        raise Unavailable("this version of cryptography has no ML-DSA", "pip install --upgrade cryptography")
    return mldsa.MLDSA65PrivateKey.from_seed_bytes(seed.reveal())


def _public_pem(private: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return str(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))
