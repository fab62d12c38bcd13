# SPDX-License-Identifier: Apache-2.0
"""The transit engine of OpenBao, or of Vault, over its documented HTTP API. Our key is ``pipeline-guard-ID-LABEL``.

Facts: OpenBao's API documentation of the transit engine, read 2026-11; Vault's has the same calls.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_guard.adapters.cloud.token import Name, does_not_unwrap
from pipeline_guard.adapters.cloud.uri import ServiceUri
from pipeline_guard.errors import Denied, GuardError, Unavailable, UsageError
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret

_TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of an answer
_LARGEST = 1024 * 1024  # bytes of an answer
_KINDS = {
    KeyType.EC_P256: "ecdsa-p256",
    KeyType.EC_P384: "ecdsa-p384",
    KeyType.ED25519: "ed25519",
    KeyType.RSA_3072: "rsa-3072",
    KeyType.AES_256: "aes256-gcm96",
}
_HASH = {KeyType.EC_P384: "sha2-384"}
_PREFIX = "pipeline-guard-"
_OURS = re.compile(r"pipeline-guard-([0-9a-f]{32})-((?:[A-Za-z0-9.-]|_[0-9a-f]{2})+)")
_ESCAPED = re.compile(r"_([0-9a-f]{2})")
_SIGNATURE = re.compile(r"vault:v[0-9]{1,9}:([A-Za-z0-9+/=]{1,2000})")


class _Missing(Exception):  # an answer inside this room
    pass


class _BadRequest(Exception):  # an answer inside this room
    pass


class OpenBao:
    """One mount of the transit engine. ``token`` is asked for at every call, so that it may be renewed."""

    types = frozenset(_KINDS)

    def __init__(self, place: ServiceUri, token: Callable[[], Secret], environ: Mapping[str, str]) -> None:
        try:
            import requests
        except ImportError:
            raise Unavailable("requests is not installed", 'pip install "pipeline-guard[openbao]"') from None
        endpoint = place.endpoint or environ.get("BAO_ADDR", "") or environ.get("VAULT_ADDR", "")
        if not endpoint:
            raise UsageError("the address of OpenBao is not named", "write openbao://HOST:PORT/MOUNT, or set BAO_ADDR")
        self._mount = place.path or "transit"
        if not re.fullmatch(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", self._mount) or ".." in self._mount:
            raise UsageError("token.uri: the mount of the transit engine has signs that we do not send")
        self._endpoint, self._token = endpoint.rstrip("/"), token
        self._namespace = place.namespace or environ.get("BAO_NAMESPACE", "") or environ.get("VAULT_NAMESPACE", "")
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc, whose password would take the token's place

    def facts(self) -> dict[str, str]:
        """Say which service this is."""
        return {
            "module": "openbao",
            "library": "OpenBao transit",
            "label": f"openbao-{self._mount}",
            "serial": f"openbao:{self._endpoint.partition('://')[2]}/{self._mount}",
            "manufacturer": "OpenBao or HashiCorp Vault",
            "model": "transit",
        }

    def make(self, name: Name, key_type: KeyType) -> None:
        """Generate a key that may be deleted, but neither exported nor backed up."""
        path = f"keys/{_path(name)}"
        self._use("POST", path, name, {"type": _KINDS[key_type], "exportable": False, "allow_plaintext_backup": False})
        self._use("POST", f"{path}/config", name, {"deletion_allowed": True})
        made = self._use("GET", path, name)
        if made.get("exportable") is not False or made.get("allow_plaintext_backup") is not False or made.get("type") != _KINDS[key_type]:
            self.remove(name)
            raise Unavailable("OpenBao does not hold the key as asked for", "check the policy and the version of the server")

    def find(self, identifier: str, label: str) -> Sequence[tuple[Name, KeyType]]:
        """Look the names up; each key that fits costs one more call."""
        kinds = {kind: key_type for key_type, kind in _KINDS.items()}
        try:
            listed = self._call("LIST", "keys").get("keys", [])
        except _Missing:  # an empty list is answered so
            return []
        except _BadRequest:
            raise Unavailable("OpenBao does not list its keys", "is this the mount of a transit engine?") from None
        found = []
        for text in listed if isinstance(listed, list) else []:
            match = _OURS.fullmatch(text) if isinstance(text, str) else None
            if match is None:
                continue
            name = Name(match[1], _ESCAPED.sub(lambda sign: chr(int(sign[1], 16)), match[2]))
            if identifier in ("", name.id) and label in ("", name.label):
                kind = self._use("GET", f"keys/{_path(name)}", name).get("type")
                if kind in kinds:
                    found.append((name, kinds[kind]))
        return found

    def public(self, name: Name) -> str:
        """Return the public half of the newest version as PEM; Ed25519 comes as its 32 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

        answer = self._use("GET", f"keys/{_path(name)}", name)
        try:
            text = answer["keys"][max(answer["keys"], key=int)]["public_key"]
            if answer["type"] == "ed25519":
                key: Any = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
            else:
                key = load_pem_public_key(text.encode("ascii"))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unavailable("OpenBao gives a public key that is none") from None
        return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))

    def remove(self, name: Name) -> None:
        """Delete the key; one that is gone is fine."""
        try:
            self._call("DELETE", f"keys/{_path(name)}")
        except _Missing:
            return
        except _BadRequest:  # Vault and OpenBao answer 400 for a key that is not there
            try:
                self._call("GET", f"keys/{_path(name)}")
            except _Missing:
                return
            raise Unavailable(f"OpenBao does not delete the key {name.label}", "is deletion allowed for it?") from None

    def sign(self, name: Name, key_type: KeyType, message: bytes) -> bytes:
        """Sign the digest, except with Ed25519, which wants the message."""
        import hashlib

        body: dict[str, Any] = {"input": _text(message)}
        if key_type is not KeyType.ED25519:
            algorithm = _HASH.get(key_type, "sha2-256")
            digest = hashlib.new(algorithm.replace("sha2-", "sha"), message).digest()
            body = {"input": _text(digest), "prehashed": True, "hash_algorithm": algorithm, "marshaling_algorithm": "asn1"}
        if key_type is KeyType.RSA_3072:
            body["signature_algorithm"] = "pkcs1v15"
        found = _SIGNATURE.fullmatch(str(self._use("POST", f"sign/{_path(name)}", name, body).get("signature")))
        if found is None:
            raise Unavailable("OpenBao gives a signature that is none")
        return _bytes(found[1])

    def encrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Encrypt with AES-256-GCM and associated data."""
        # NOTE: a token that may create keys makes a new one here if ours is gone: the documents call it upsert. So look first.
        self._use("GET", f"keys/{_path(name)}", name)
        answer = self._use("POST", f"encrypt/{_path(name)}", name, {"plaintext": _text(content), "associated_data": _text(associated)})
        if not isinstance(answer.get("ciphertext"), str):
            raise Unavailable("OpenBao gives a ciphertext that is none")
        return str(answer["ciphertext"]).encode("utf-8")

    def decrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Decrypt; the server answers 400 to whatever does not, and to a key that is not there."""
        try:
            body = {"ciphertext": content.decode("ascii"), "associated_data": _text(associated)}
        except UnicodeDecodeError:
            raise does_not_unwrap() from None
        try:
            answer = self._call("POST", f"decrypt/{_path(name)}", body)
        except (_BadRequest, _Missing):
            self._use("GET", f"keys/{_path(name)}", name)
            raise does_not_unwrap() from None
        return _bytes(answer.get("plaintext"))

    def _use(self, method: str, path: str, name: Name, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._call(method, path, body)
        except _Missing:
            raise Unavailable(f"the key {name.label} is not in OpenBao", "is this the server and mount it was made in?") from None
        except _BadRequest:
            raise Unavailable(f"OpenBao does not use the key {name.label} so", "does it still exist, and is it of this type?") from None

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make one call; return its data. No text of the server is passed on: it may quote what was sent."""
        import requests
        from urllib3.exceptions import HTTPError

        headers = {"X-Vault-Token": self._token().reveal().decode("ascii", "replace"), "X-Vault-Request": "true"}
        if self._namespace:
            headers["X-Vault-Namespace"] = self._namespace
        url = f"{self._endpoint}/v1/{self._mount}/{path}"
        try:
            with self._session.request(
                method, url, json=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                content = answer.raw.read(_LARGEST + 1, decode_content=True)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise Unavailable(f"OpenBao cannot be reached: {type(error).__name__}", "check the network and token.uri") from None
        if answer.status_code in (200, 204) and len(content) <= _LARGEST:
            return _data(content)
        raise _refusal(answer.status_code)


def _refusal(status: int) -> Exception:
    if status == 404:
        return _Missing()
    if status == 400:
        return _BadRequest()
    if status in (401, 403):
        return Denied("OpenBao refuses the token, or its policy the call", "docs/key-services.md lists the permissions that are needed")
    hints: dict[int, GuardError] = {
        429: Unavailable("OpenBao is asked too often", "try again later"),
        503: Unavailable("OpenBao is sealed, or in maintenance", "unseal it"),
    }
    return hints.get(status, Unavailable(f"OpenBao answers {status}", "try again; if it stays, check the server and token.uri"))


def _data(content: bytes) -> dict[str, Any]:
    import json

    if not content:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Unavailable("OpenBao's answer is no JSON", "is this the address of an OpenBao server?") from None
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}


def _path(name: Name) -> str:
    """Return the key's name in the service: letters, digits, dots and dashes of the label as they are."""
    label = "".join(sign if re.fullmatch(r"[A-Za-z0-9.-]", sign) else f"_{ord(sign):02x}" for sign in name.label)
    return f"{_PREFIX}{name.id}-{label}"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: object) -> bytes:
    try:
        if not isinstance(text, str):
            raise ValueError
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unavailable("OpenBao's answer is no Base64") from None
