# SPDX-License-Identifier: Apache-2.0
"""A small Google Cloud KMS over real HTTP: the calls of its REST API v1 that we make, as its documentation describes them.

It was written from the documentation, not from the service: what the real one does differently, it does not show. Its token endpoint
checks the signature of a service account's assertion, and its metadata server wants the documented header.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.service import Answer, served

TOKEN = "gcp-" + "test-token"
RING = "projects/p-1/locations/europe-west3/keyRings/guard"
ALGORITHMS: dict[str, Any] = {
    "EC_SIGN_P256_SHA256": ("ASYMMETRIC_SIGN", lambda: ec.generate_private_key(ec.SECP256R1()), "sha256"),
    "EC_SIGN_P384_SHA384": ("ASYMMETRIC_SIGN", lambda: ec.generate_private_key(ec.SECP384R1()), "sha384"),
    "RSA_SIGN_PKCS1_3072_SHA256": ("ASYMMETRIC_SIGN", lambda: rsa.generate_private_key(65537, 3072), "sha256"),
    "GOOGLE_SYMMETRIC_ENCRYPTION": ("ENCRYPT_DECRYPT", lambda: os.urandom(32), ""),
}
# the service's rules for the names of keys and for labels
KEY_ID = re.compile(r"[a-zA-Z0-9_-]{1,63}")
LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
VALUE = re.compile(r"[a-z0-9_-]{0,63}")


@dataclass
class Key:
    algorithm: str
    level: str
    labels: dict[str, str]
    material: Any
    state: str = "PENDING_GENERATION"


@dataclass
class Kms:
    keys: dict[str, Key] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None
    account: Any = None  # the public key of the service account
    page: int = 20
    level: str = ""  # makes keys of this protection, whatever was asked for
    damage: str = ""  # a field whose check sum does not fit

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        if path == "/token":
            return self._exchange(body)
        if path == "/computeMetadata/v1/instance/service-accounts/default/token":
            if headers.get("Metadata-Flavor") != "Google":
                raise Answer(403, {})
            return {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise refusal(401, "UNAUTHENTICATED")
        if not path.startswith(f"/v1/{RING}/cryptoKeys"):
            raise refusal(404, "NOT_FOUND")
        found = self._ask(method, path.removeprefix(f"/v1/{RING}/cryptoKeys").strip("/"), options, body)
        if self.damage in found:
            found[self.damage] = "1"
        return found

    def _ask(self, method: str, path: str, options: dict[str, str], body: Any) -> Any:
        match re.split(r"[/:]", path):
            case [""] if method == "POST":
                return self._create(options["cryptoKeyId"], body)
            case [""]:
                return self._list(int(options["pageSize"]), int(options.get("pageToken") or 0))
            case [name] if method == "GET":
                return self._told(name)
            case [name, "encrypt"]:
                return self._encrypt(self._usable(name, "ENCRYPT_DECRYPT"), body)
            case [name, "decrypt"]:
                return self._decrypt(self._usable(name, "ENCRYPT_DECRYPT"), body)
            case [name, "cryptoKeyVersions", "1"] if method == "GET":
                return self._version(name)
            case [name, "cryptoKeyVersions", "1", "destroy"]:
                key = self._usable(name, "")
                key.state, key.material = "DESTROY_SCHEDULED", None
                return {"state": key.state}
            case [name, "cryptoKeyVersions", "1", "publicKey"]:
                key = self._usable(name, "ASYMMETRIC_SIGN")
                pem = key.material.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return {"pem": pem.decode(), "algorithm": key.algorithm, "pemCrc32c": check_sum(pem)}
            case [name, "cryptoKeyVersions", "1", "asymmetricSign"]:
                return self._sign(self._usable(name, "ASYMMETRIC_SIGN"), body)
        raise refusal(404, "NOT_FOUND")

    def _create(self, name: str, body: Any) -> Any:
        template = body["versionTemplate"]
        purpose, maker, _ = ALGORITHMS[template["algorithm"]]
        labels = body.get("labels", {})
        if not KEY_ID.fullmatch(name) or body["purpose"] != purpose or len(labels) > 64:
            raise refusal(400, "INVALID_ARGUMENT")
        if not all(LABEL.fullmatch(label) and VALUE.fullmatch(value) for label, value in labels.items()):
            raise refusal(400, "INVALID_ARGUMENT")
        if name in self.keys:
            raise refusal(409, "ALREADY_EXISTS")
        self.keys[name] = Key(template["algorithm"], self.level or template["protectionLevel"], labels, maker())
        return self._told(name)

    def _list(self, size: int, start: int) -> Any:
        names = sorted(self.keys)
        end = start + min(size, self.page)
        found: dict[str, Any] = {"cryptoKeys": [self._told(name) for name in names[start:end]], "totalSize": len(names)}
        return {**found, "nextPageToken": str(end)} if end < len(names) else found

    def _told(self, name: str) -> Any:
        key = self._key(name)
        template = {"algorithm": key.algorithm, "protectionLevel": key.level}
        return {
            "name": f"{RING}/cryptoKeys/{name}",
            "purpose": ALGORITHMS[key.algorithm][0],
            "labels": key.labels,
            "versionTemplate": template,
        }

    def _version(self, name: str) -> Any:
        key = self._key(name)
        found = {"name": f"{RING}/cryptoKeys/{name}/cryptoKeyVersions/1", "algorithm": key.algorithm, "protectionLevel": key.level}
        found["state"] = key.state
        if key.state == "PENDING_GENERATION":  # the next look finds it made
            key.state = "ENABLED"
        return found

    def _key(self, name: str) -> Key:
        if name not in self.keys:
            raise refusal(404, "NOT_FOUND")
        return self.keys[name]

    def _usable(self, name: str, purpose: str) -> Key:
        key = self._key(name)
        if key.state != "ENABLED":
            raise refusal(400, "FAILED_PRECONDITION")
        if purpose not in ("", ALGORITHMS[key.algorithm][0]):
            raise refusal(400, "FAILED_PRECONDITION")
        return key

    def _sign(self, key: Key, body: Any) -> Any:
        ((algorithm, text),) = body["digest"].items()
        digest = received(text, body["digestCrc32c"])
        if algorithm != ALGORITHMS[key.algorithm][2]:
            raise refusal(400, "INVALID_ARGUMENT")
        hashed = utils.Prehashed(hashes.SHA384() if algorithm == "sha384" else hashes.SHA256())
        if isinstance(key.material, rsa.RSAPrivateKey):
            signature = key.material.sign(digest, padding.PKCS1v15(), hashed)
        else:
            signature = key.material.sign(digest, ec.ECDSA(hashed))
        return {"signature": encode(signature), "signatureCrc32c": check_sum(signature), "verifiedDigestCrc32c": True}

    def _encrypt(self, key: Key, body: Any) -> Any:
        nonce = os.urandom(12)
        bound = received(body["additionalAuthenticatedData"], body["additionalAuthenticatedDataCrc32c"])
        sealed = nonce + AESGCM(key.material).encrypt(nonce, received(body["plaintext"], body["plaintextCrc32c"]), bound)
        told = {"verifiedPlaintextCrc32c": True, "verifiedAdditionalAuthenticatedDataCrc32c": True}
        return {"ciphertext": encode(sealed), "ciphertextCrc32c": check_sum(sealed), **told}

    def _decrypt(self, key: Key, body: Any) -> Any:
        sealed = received(body["ciphertext"], body["ciphertextCrc32c"])
        bound = received(body["additionalAuthenticatedData"], body["additionalAuthenticatedDataCrc32c"])
        try:
            plain = AESGCM(key.material).decrypt(sealed[:12], sealed[12:], bound)
        except (InvalidTag, ValueError):
            raise refusal(400, "INVALID_ARGUMENT") from None
        return {"plaintext": encode(plain), "plaintextCrc32c": check_sum(plain), "usedPrimary": True}

    def _exchange(self, body: Any) -> Any:
        assert body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        signed, _, signature = body["assertion"].rpartition(".")
        self.account.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        assert claims["scope"].endswith("/auth/cloudkms")
        assert claims["aud"].endswith("/token")
        return {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}


def refusal(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": status, "status": code, "message": "a text that people never see"}})


def encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def received(text: str, told: str) -> bytes:
    content = base64.b64decode(text, validate=True)
    if told != check_sum(content):
        raise refusal(400, "INVALID_ARGUMENT")
    return content


def check_sum(content: bytes) -> str:
    """Return CRC-32C bit by bit, written anew so that it can judge ours."""
    register = 0xFFFFFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 & -(register & 1))
    return str(register ^ 0xFFFFFFFF)


@contextmanager
def serve() -> Iterator[tuple[str, Kms]]:
    """Run the service; give the URI of its key ring, and its state."""
    kms = Kms()
    with served(kms) as address:
        yield f"gcpkms://{address}/{RING}?scheme=http", kms
