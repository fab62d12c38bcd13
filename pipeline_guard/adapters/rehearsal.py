# SPDX-License-Identifier: Apache-2.0
"""A token in memory for rehearsals: it answers like an HSM and forgets everything with the process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import Denied, IntegrityError, UsageError
from pipeline_guard.model.boundary import Outcome, Probe, TokenFacts
from pipeline_guard.model.key import USAGE_OF, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.token_uri import TokenUri
from pipeline_guard.ports import Clock

_WRAP_VERSION = b"\x01"  # then 12 bytes of nonce, then AES-256-GCM ciphertext with its tag
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Held:
    record: KeyRecord
    material: Any


class SoftwareToken:
    """Keystore, Signer and Wrapper in one, without any hardware. Never for real keys."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str, _Held] = {}
        self._anchors: dict[str, tuple[int, str]] = {}

    def facts(self) -> dict[str, str]:
        """Say that there is no hardware."""
        return {"label": "rehearsal", "model": "in memory", "serial": "none"}

    def token_facts(self) -> TokenFacts:
        """Return what stands for a token here."""
        return TokenFacts("none", "", "in memory", "none", "rehearsal")

    def probe(self) -> Sequence[Probe]:
        """Answer like a token that refuses: there is none to try."""
        return [Probe("read-secret", "read the value of a sensitive secret key", Outcome.REFUSED, "rehearsed")]

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a key. Raises UsageError where the type cannot serve the usage."""
        if USAGE_OF[key_type] is not usage:
            raise UsageError(f"a key of type {key_type.value} cannot {usage.value}", f"its usage is {USAGE_OF[key_type].value}")
        ref = KeyRef(name, version, key_type, usage, os.urandom(16).hex())
        if begun is not None:
            begun(ref)
        material, public_pem = _generate(key_type)
        record = KeyRecord(ref, KeyState.ACTIVE, self._clock.now(), "none", public_pem)
        self._keys[ref.id] = _Held(record, material)
        return record

    def import_rsa(self, name: str, version: int, pem: Secret, begun: Callable[[KeyRef], None] | None = None) -> KeyRecord:
        """Keep a private RSA key in memory."""
        from pipeline_guard.adapters.hsm.importing import public_pem_of, read_rsa

        private = read_rsa(pem)
        ref = KeyRef(name, version, KeyType.RSA_2048 if private.key_size < 3072 else KeyType.RSA_3072, KeyUsage.SIGN, os.urandom(16).hex())
        if begun is not None:
            begun(ref)
        record = KeyRecord(ref, KeyState.ACTIVE, self._clock.now(), "none", public_pem_of(private))
        self._keys[ref.id] = _Held(record, private)
        return record

    def describe(self, uri: str) -> KeyRecord:
        """Find a key by the ``object`` or ``id`` of an RFC 7512 URI. Raises UsageError where it names none or several."""
        wanted = TokenUri.parse(uri)
        found = [
            held.record
            for held in self._keys.values()
            if wanted.object in ("", _label(held.record.ref)) and wanted.id in ("", held.record.ref.id)
        ]
        if len(found) != 1:
            raise UsageError(f"the URI names {len(found) or 'no'} keys of the token", "name one key by object= or id=")
        return found[0]

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return what ``anchor`` was told."""
        return self._anchors.get(store)

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Remember a later record."""
        self._anchors[store] = max(self._anchors.get(store, (0, "")), (seq, digest))

    def destroy(self, key: KeyRef) -> None:
        """Forget a key."""
        self._keys.pop(key.id, None)

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return a signature in the form of the port. Raises Denied for a key that is not for signing."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding

        private = self._material(key, KeyUsage.SIGN)
        schemes: dict[KeyType, tuple[Any, ...]] = {
            KeyType.EC_P256: (ec.ECDSA(hashes.SHA256()),),
            KeyType.EC_P384: (ec.ECDSA(hashes.SHA384()),),
            KeyType.RSA_2048: (padding.PKCS1v15(), hashes.SHA256()),
            KeyType.RSA_3072: (padding.PKCS1v15(), hashes.SHA256()),
        }
        return bytes(private.sign(message, *schemes.get(key.type, ())))

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Return version, nonce and ciphertext. Raises Denied for a key that is not for wrapping."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return _WRAP_VERSION + nonce + AESGCM(self._material(key, KeyUsage.WRAP)).encrypt(nonce, data_key.reveal(), associated)

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Return the data key. Raises IntegrityError if anything was changed, Denied for a key that is not for wrapping."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        material = self._material(key, KeyUsage.WRAP)
        nonce, sealed = wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :]
        if wrapped[:1] != _WRAP_VERSION or len(sealed) < 16:
            raise IntegrityError("a wrapped key is damaged", "restore it from a backup")
        try:
            return Secret(AESGCM(material).decrypt(nonce, sealed, associated))
        except InvalidTag:
            raise IntegrityError("a wrapped key does not verify", "it was changed, moved, or wrapped under another key") from None

    def _material(self, key: KeyRef, usage: KeyUsage) -> Any:
        held = self._keys.get(key.id)
        if held is None:
            raise UsageError(f"no such key in the token: {key.name}", "pipeline-guard keys list shows the keys")
        # the token's own record decides, not what the caller's reference claims
        if held.record.ref.usage is not usage:
            raise Denied(f"key {key.name} may not {usage.value}", f"it was created to {held.record.ref.usage.value}")
        return held.material


def _generate(key_type: KeyType) -> tuple[Any, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    if key_type is KeyType.AES_256:
        return os.urandom(32), ""
    private: Any
    if key_type is KeyType.ED25519:
        private = ed25519.Ed25519PrivateKey.generate()
    elif key_type is KeyType.RSA_3072:
        private = rsa.generate_private_key(65537, 3072)
    elif key_type is KeyType.ML_DSA_65:
        private = mldsa.MLDSA65PrivateKey.generate()
    else:
        private = ec.generate_private_key(ec.SECP384R1() if key_type is KeyType.EC_P384 else ec.SECP256R1())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private, private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _label(key: KeyRef) -> str:
    return f"{key.name}/{key.version}"
