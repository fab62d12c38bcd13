# SPDX-License-Identifier: Apache-2.0
"""A small Azure Key Vault, or Managed HSM, over real HTTP: the calls of its REST API 7.4 that we make, as its documentation describes them.

It was written from the documentation, not from the service: what the real one does differently, it does not show. Beside it play the
token endpoint of Entra ID and the instance metadata service.
"""

from __future__ import annotations

import base64
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

from tests.fakes.service import Answer, served

TOKEN = "azure-" + "test-token"
ASSERTION = "the-jobs-own-" + "token"
NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


@dataclass
class Key:
    asked: dict[str, Any]
    version: str
    material: Any
    enabled: bool = True


@dataclass
class Vault:
    managed: bool = True
    address: str = ""
    keys: dict[str, Key] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None
    premium: bool = True  # a standard vault has no keys in hardware
    other: str = ""  # where the next page is said to be

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        if path == "/tenant-1/oauth2/v2.0/token":
            wanted = {"grant_type": "client_credentials", "client_id": "client-1", "client_assertion": ASSERTION}
            if {name: body.get(name) for name in wanted} != wanted or not body["scope"].endswith(".azure.net/.default"):
                raise Answer(401, {"error": "invalid_client"})
            return {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}
        if path == "/metadata/identity/oauth2/token":
            if headers.get("Metadata") != "true" or not options["resource"].endswith(".azure.net"):
                raise Answer(400, {"error": "invalid_request"})
            return {"access_token": TOKEN, "expires_in": "3599", "resource": options["resource"]}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise refusal(401, "Unauthorized")
        if options.get("api-version") != "7.4":
            raise refusal(400, "BadParameter")
        return self._ask(method, path, options, body)

    def _ask(self, method: str, path: str, options: dict[str, str], body: Any) -> Any:
        match path.strip("/").split("/"):
            case ["keys"]:
                return self._list(int(options.get("$skiptoken", "0")), int(options["maxresults"]))
            case ["keys", name, "create"] if method == "POST":
                return self._create(name, body)
            case ["keys", name] if method == "GET":
                return self._told(name)
            case ["keys", name] if method == "DELETE":
                found = self._told(name)
                del self.keys[name]
                return found
            case ["keys", name, version, "sign"]:
                return self._sign(self._usable(name, version, "sign"), body)
            case ["keys", name, version, "encrypt"]:
                return self._encrypt(self._usable(name, version, "encrypt"), body)
            case ["keys", name, version, "decrypt"]:
                return self._decrypt(self._usable(name, version, "decrypt"), body)
        raise refusal(404, "NotFound")

    def _create(self, name: str, body: Any) -> Any:
        kind = body["kty"]
        makers: dict[str, Any] = {
            "EC": lambda: ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[body["crv"]]),
            "RSA": lambda: rsa.generate_private_key(65537, body["key_size"]),
            "oct": lambda: os.urandom(body["key_size"] // 8),
        }
        if not NAME.fullmatch(name) or name in self.keys or (kind.startswith("oct") and not self.managed):
            raise refusal(400, "BadParameter")
        if kind.endswith("-HSM") and not self.premium:
            body = {**body, "kty": kind.removesuffix("-HSM")}  # the real one refuses; a worse one would do this
        self.keys[name] = Key(body, os.urandom(16).hex(), makers[kind.removesuffix("-HSM")]())
        return self._told(name)

    def _list(self, start: int, size: int) -> Any:
        names = sorted(self.keys)
        found: dict[str, Any] = {
            "value": [
                {"kid": f"http://{self.address}/keys/{name}", "tags": self.keys[name].asked.get("tags")}
                for name in names[start : start + size]
            ]
        }
        base = self.other or f"http://{self.address}"
        following = f"{base}/keys?api-version=7.4&$skiptoken={start + size}&maxresults={size}"
        return {**found, "nextLink": following if start + size < len(names) else None}

    def _told(self, name: str) -> Any:
        key = self._key(name)
        jwk: dict[str, Any] = {
            "kid": f"http://{self.address}/keys/{name}/{key.version}",
            "kty": key.asked["kty"],
            "key_ops": key.asked["key_ops"],
        }
        if isinstance(key.material, ec.EllipticCurvePrivateKey):
            numbers, size = key.material.public_key().public_numbers(), key.material.key_size // 8
            jwk |= {"crv": key.asked["crv"], "x": encode(numbers.x.to_bytes(size)), "y": encode(numbers.y.to_bytes(size))}
        elif isinstance(key.material, rsa.RSAPrivateKey):
            public = key.material.public_key().public_numbers()
            jwk |= {"n": encode(public.n.to_bytes(384)), "e": encode(b"\1\0\1")}
        return {"key": jwk, "attributes": {**key.asked["attributes"], "enabled": key.enabled}, "tags": key.asked.get("tags")}

    def _key(self, name: str) -> Key:
        if name not in self.keys:
            raise refusal(404, "KeyNotFound")
        return self.keys[name]

    def _usable(self, name: str, version: str, verb: str) -> Key:
        key = self._key(name)
        if version != key.version:
            raise refusal(404, "KeyNotFound")
        if not key.enabled or verb not in key.asked["key_ops"]:
            raise refusal(403, "Forbidden")
        return key

    def _sign(self, key: Key, body: Any) -> Any:
        digest = decode(body["value"])
        size = {"ES256": 32, "RS256": 32, "ES384": 48}[body["alg"]]
        if len(digest) != size or (body["alg"] == "RS256") is not isinstance(key.material, rsa.RSAPrivateKey):
            raise refusal(400, "BadParameter")
        hashed = utils.Prehashed(hashes.SHA384() if size == 48 else hashes.SHA256())
        if isinstance(key.material, rsa.RSAPrivateKey):
            return {"kid": "", "value": encode(key.material.sign(digest, padding.PKCS1v15(), hashed))}
        first, second = utils.decode_dss_signature(key.material.sign(digest, ec.ECDSA(hashed)))
        return {"kid": "", "value": encode(first.to_bytes(size) + second.to_bytes(size))}

    def _encrypt(self, key: Key, body: Any) -> Any:
        if body["alg"] != "A256GCM" or "iv" in body:
            raise refusal(400, "BadParameter")
        nonce = os.urandom(12)
        sealed = AESGCM(key.material).encrypt(nonce, decode(body["value"]), decode(body["aad"]))
        return {"kid": "", "value": encode(sealed[:-16]), "iv": encode(nonce), "tag": encode(sealed[-16:]), "aad": body["aad"]}

    def _decrypt(self, key: Key, body: Any) -> Any:
        try:
            sealed = decode(body["value"]) + decode(body["tag"])
            return {"kid": "", "value": encode(AESGCM(key.material).decrypt(decode(body["iv"]), sealed, decode(body["aad"])))}
        except (InvalidTag, ValueError):
            raise refusal(400, "BadParameter") from None


def refusal(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": "a text that people never see"}})


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@contextmanager
def serve(*, managed: bool = True) -> Iterator[tuple[str, Vault]]:
    """Run the service; give its URI, and its state."""
    vault = Vault(managed)
    with served(vault) as address:
        vault.address = address
        yield f"azurekms://{address}?scheme=http&kind={'managedhsm' if managed else 'vault'}", vault
