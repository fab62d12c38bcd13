# SPDX-License-Identifier: Apache-2.0
"""Google Cloud KMS over its documented REST API. Our key is the CryptoKey ``pipeline-guard-ID``, its label spelled in resource labels.

Facts: Cloud KMS API v1 (projects.locations.keyRings.cryptoKeys and cryptoKeyVersions; "Verifying end-to-end data integrity"), OAuth 2.0
for service accounts, the metadata server's token endpoint; read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.cloud.rest import Bearer, Refused, Session, bytes_of, exchange, granted, new_session, text_of, trusted_url
from pipeline_guard.adapters.cloud.token import Name, does_not_unwrap
from pipeline_guard.adapters.cloud.uri import ServiceUri
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret

_CALLED, _EXTRA = "Google Cloud KMS", "gcp"
_ENDPOINT = "https://cloudkms.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloudkms"
_METADATA = "http://metadata.google.internal"
_RING = re.compile(r"projects/[A-Za-z0-9._:-]+/locations/[A-Za-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}")
_ALGORITHMS = {
    KeyType.EC_P256: "EC_SIGN_P256_SHA256",
    KeyType.EC_P384: "EC_SIGN_P384_SHA384",
    KeyType.RSA_3072: "RSA_SIGN_PKCS1_3072_SHA256",
    KeyType.AES_256: "GOOGLE_SYMMETRIC_ENCRYPTION",
}
_HASH = {KeyType.EC_P384: "sha384"}
_PREFIX = "pipeline-guard-"
_PIECE = 62  # a label's value has up to 63 signs, of which lower-case letters and digits are safe
_WAIT = 30.0  # seconds for a key to be generated


class GcpKms:
    """One key ring. Wrapping and signing always name version 1: our versions are keys of their own."""

    types = frozenset(_ALGORITHMS)

    def __init__(self, place: ServiceUri, bearer: Callable[[], Secret]) -> None:
        if not _RING.fullmatch(place.path):
            raise UsageError("token.uri does not name a key ring", "write gcpkms:///projects/P/locations/L/keyRings/R")
        self._ring, self._level = place.path, "SOFTWARE" if place.protection == "software" else "HSM"
        self._rest = Session(_CALLED, place.endpoint or _ENDPOINT, bearer, _EXTRA)

    def facts(self) -> dict[str, str]:
        """Say which service this is."""
        return {
            "module": "gcpkms",
            "library": _CALLED,
            "label": f"gcpkms-{self._ring.rpartition('/')[2]}",
            "serial": f"gcpkms:{hashlib.sha256(self._ring.encode()).hexdigest()[:32]}",  # a ring's name may be longer than a serial
            "manufacturer": "Google",
            "model": f"Cloud KMS, {self._level.lower()}",
        }

    def make(self, name: Name, key_type: KeyType) -> None:
        """Generate a key and wait until it can be used; what the service made otherwise is destroyed."""
        body = {
            "purpose": "ENCRYPT_DECRYPT" if key_type is KeyType.AES_256 else "ASYMMETRIC_SIGN",
            "versionTemplate": {"algorithm": _ALGORITHMS[key_type], "protectionLevel": self._level},
            "labels": _labels(name.label),
        }
        self._use("POST", f"/v1/{self._ring}/cryptoKeys", name, body, {"cryptoKeyId": _PREFIX + name.id})
        deadline = time.monotonic() + _WAIT
        while (found := self._version(name)).get("state") == "PENDING_GENERATION" and time.monotonic() < deadline:
            time.sleep(0.2)
        made = (found.get("state"), found.get("algorithm"), found.get("protectionLevel"))
        if made != ("ENABLED", _ALGORITHMS[key_type], self._level):
            self.remove(name)
            raise Unavailable(f"{_CALLED} does not hold the key as asked for", "does the location have keys of this protection?")

    def find(self, identifier: str, label: str) -> Sequence[tuple[Name, KeyType]]:
        """Look the keys up; a label costs a walk through the key ring."""
        kinds = {algorithm: kind for kind, algorithm in _ALGORITHMS.items()}
        found = []
        for key in [self._key(identifier)] if identifier else self._keys():
            name = _name_of(key)
            kind = kinds.get(str(_inside(key, "versionTemplate").get("algorithm")))
            if name is None or kind is None or label not in ("", name.label):
                continue
            if self._version(name).get("state") == "ENABLED":
                found.append((name, kind))
        return found

    def public(self, name: Name) -> str:
        """Return the public half as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

        answer = self._use("GET", f"{self._path(name)}/cryptoKeyVersions/1/publicKey", name)
        text = str(answer.get("pem")).encode("ascii", "replace")
        _check_sum(text, answer.get("pemCrc32c"))
        try:
            pem = load_pem_public_key(text).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        except ValueError:
            raise Unavailable(f"{_CALLED} gives a public key that is none") from None
        return pem.decode("ascii")

    def remove(self, name: Name) -> None:
        """Schedule the destruction of the version; Google keeps the empty key and its name for ever."""
        try:
            state = self._rest.call("GET", f"{self._path(name)}/cryptoKeyVersions/1").get("state")
            if state not in ("DESTROYED", "DESTROY_SCHEDULED"):
                self._rest.call("POST", f"{self._path(name)}/cryptoKeyVersions/1:destroy", {})
        except Refused as refused:
            if refused.status != 404:
                raise _said(refused, name) from None

    def sign(self, name: Name, key_type: KeyType, message: bytes) -> bytes:
        """Sign the digest."""
        algorithm = _HASH.get(key_type, "sha256")
        digest = hashlib.new(algorithm, message).digest()
        body = {"digest": {algorithm: text_of(digest)}, "digestCrc32c": str(crc32c(digest))}
        answer = self._use("POST", f"{self._path(name)}/cryptoKeyVersions/1:asymmetricSign", name, body)
        signature = bytes_of(answer.get("signature"), _CALLED)
        _check_sum(signature, answer.get("signatureCrc32c"))
        if answer.get("verifiedDigestCrc32c") is not True:
            raise Unavailable(f"{_CALLED} did not receive what was sent", "try again")
        return signature

    def encrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Encrypt with associated data."""
        body = {"plaintext": text_of(content), "plaintextCrc32c": str(crc32c(content)), **_bound(associated)}
        answer = self._use("POST", f"{self._path(name)}:encrypt", name, body)
        sealed = bytes_of(answer.get("ciphertext"), _CALLED)
        _check_sum(sealed, answer.get("ciphertextCrc32c"))
        if answer.get("verifiedPlaintextCrc32c") is not True or answer.get("verifiedAdditionalAuthenticatedDataCrc32c") is not True:
            raise Unavailable(f"{_CALLED} did not receive what was sent", "try again")
        return sealed

    def decrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Decrypt; the service answers 400 to whatever does not, and to a key whose version is not enabled."""
        body = {"ciphertext": text_of(content), "ciphertextCrc32c": str(crc32c(content)), **_bound(associated)}
        try:
            answer = self._rest.call("POST", f"{self._path(name)}:decrypt", body)
        except Refused as refused:
            if refused.code != "INVALID_ARGUMENT" or self._version(name).get("state") != "ENABLED":
                raise _said(refused, name) from None
            raise does_not_unwrap() from None
        plain = bytes_of(answer.get("plaintext", ""), _CALLED)
        _check_sum(plain, answer.get("plaintextCrc32c"))
        return plain

    def _path(self, name: Name) -> str:
        return f"/v1/{self._ring}/cryptoKeys/{_PREFIX}{name.id}"

    def _use(
        self, method: str, path: str, name: Name, body: Mapping[str, Any] | None = None, options: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            return self._rest.call(method, path, body, options)
        except Refused as refused:
            raise _said(refused, name) from None

    def _version(self, name: Name) -> dict[str, Any]:
        return self._use("GET", f"{self._path(name)}/cryptoKeyVersions/1", name)

    def _key(self, identifier: str) -> dict[str, Any]:
        if not re.fullmatch(r"[0-9a-f]{1,48}", identifier):
            return {}
        try:
            return self._rest.call("GET", f"/v1/{self._ring}/cryptoKeys/{_PREFIX}{identifier}")
        except Refused:
            return {}

    def _keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = ""
        while True:
            try:
                answer = self._rest.call("GET", f"/v1/{self._ring}/cryptoKeys", None, {"pageSize": "1000", "pageToken": page})
            except Refused:
                raise Unavailable(f"{_CALLED} does not list its keys", "does the key ring of token.uri exist?") from None
            listed = answer.get("cryptoKeys", [])
            found += [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
            following = answer.get("nextPageToken", "")
            if not isinstance(following, str) or not following or following == page:
                return found
            page = following


def access(pin: Callable[[], Secret] | None, environ: Mapping[str, str], scope: str = _SCOPE) -> Callable[[], Secret]:
    """Return where the access token comes from: the one that is named, a service account's file, or the machine's own."""
    if pin is not None:
        return pin
    path = environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    return Bearer((lambda: _of_account(path, scope)) if path else lambda: _of_machine(environ))


def _of_account(path: str, scope: str) -> tuple[Secret, float]:
    """Exchange a signed assertion for a token (RFC 7523)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = json.loads(Path(path).read_bytes()[:65536])
        if found["type"] != "service_account":
            raise UsageError("GOOGLE_APPLICATION_CREDENTIALS is no service account", "give an access token by token.pin instead")
        key = load_pem_private_key(found["private_key"].encode("ascii"), None)
        address, account, key_id = trusted_url(found["token_uri"], "token_uri"), str(found["client_email"]), str(found["private_key_id"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(
            "GOOGLE_APPLICATION_CREDENTIALS cannot be read as a service account's file", "check the path and the file"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UsageError("the service account's key is not RSA", "make a new one")
    now = int(time.time())
    claims = {"iss": account, "scope": scope, "aud": address, "iat": now, "exp": now + 3600}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT', 'kid': key_id})}.{_part(claims)}"
    signature = key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
    assertion = f"{signed}.{_url_safe(signature)}"
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return granted(exchange(new_session(_EXTRA), "POST", address, "Google's token endpoint", data=form)[1], "Google's token endpoint")


def _of_machine(environ: Mapping[str, str]) -> tuple[Secret, float]:
    """Ask the metadata server of the machine, whose address is plain HTTP by design."""
    host = environ.get("GCE_METADATA_HOST", "")
    address = f"{f'http://{host}' if host else _METADATA}/computeMetadata/v1/instance/service-accounts/default/token"
    try:
        answer = exchange(new_session(_EXTRA), "GET", address, "the metadata server", headers={"Metadata-Flavor": "Google"})
    except Unavailable:
        hint = "set token.pin to env:NAME or file:PATH with an access token, or GOOGLE_APPLICATION_CREDENTIALS"
        raise UsageError("there are no credentials for Google Cloud", hint) from None
    return granted(answer[1], "the metadata server")


def _said(refused: Refused, name: Name) -> Exception:
    if refused.status == 404:
        return Unavailable(f"the key {name.label} is not in {_CALLED}", "is this the key ring that it was made in, and does that exist?")
    return Unavailable(
        f"{_CALLED} does not use the key {name.label} so: {refused.code or refused.status}", "is it enabled, and of this type?"
    )


def _labels(label: str) -> dict[str, str]:
    spelled = label.encode().hex()
    return {f"{_PREFIX}{number}": spelled[start : start + _PIECE] for number, start in enumerate(range(0, len(spelled), _PIECE))}


def _name_of(key: Mapping[str, Any]) -> Name | None:
    match = re.fullmatch(rf"projects/.*/cryptoKeys/{_PREFIX}([0-9a-f]{{32}})", str(key.get("name")))
    labels = _inside(key, "labels")
    spelled = "".join(str(labels.get(f"{_PREFIX}{number}", "")) for number in range(len(labels)))
    try:
        return Name(match[1], bytes.fromhex(spelled).decode()) if match else None
    except ValueError:
        return None


def _inside(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _bound(associated: bytes) -> dict[str, str]:
    return {"additionalAuthenticatedData": text_of(associated), "additionalAuthenticatedDataCrc32c": str(crc32c(associated))}


def _check_sum(content: bytes, told: object) -> None:
    if str(told) != str(crc32c(content)):
        raise Unavailable(f"an answer of {_CALLED} was damaged on its way", "try again")


def _part(content: Mapping[str, Any]) -> str:
    return _url_safe(json.dumps(content, separators=(",", ":")).encode())


def _url_safe(content: bytes) -> str:
    return text_of(content).translate(str.maketrans("+/", "-_")).rstrip("=")


def crc32c(content: bytes) -> int:
    """Return the CRC-32 of Castagnoli (RFC 3385) that Google compares."""
    table, sum_ = _crc_table(), 0xFFFFFFFF
    for byte in content:
        sum_ = table[(sum_ ^ byte) & 0xFF] ^ (sum_ >> 8)
    return sum_ ^ 0xFFFFFFFF


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)
