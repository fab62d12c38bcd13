# SPDX-License-Identifier: Apache-2.0
"""Azure Key Vault and Managed HSM over their documented REST API. Our key is ``pipeline-guard-ID``, its label a tag.

Wrapping keys are made in a Managed HSM alone: a vault has no symmetric keys, and wrapping under an RSA key would let
whoever knows its public half make rows that open.
Facts: Azure Key Vault REST API 7.4 (keys), OAuth 2.0 client credentials with a federated token, the instance
metadata service; read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipeline_guard.adapters.cloud.rest import Bearer, Refused, Session, bytes_of, exchange, granted, new_session, text_of, trusted_url
from pipeline_guard.adapters.cloud.token import Name, does_not_unwrap
from pipeline_guard.adapters.cloud.uri import ServiceUri
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret

_EXTRA = "azure"
_OPTIONS = {"api-version": "7.4"}
_LOGIN = "https://login.microsoftonline.com"
_MACHINE = "http://169.254.169.254"
_PREFIX, _TAG = "pipeline-guard-", "pipeline-guard"
_MADE: dict[KeyType, dict[str, Any]] = {
    KeyType.EC_P256: {"kty": "EC", "crv": "P-256", "key_ops": ["sign", "verify"]},
    KeyType.EC_P384: {"kty": "EC", "crv": "P-384", "key_ops": ["sign", "verify"]},
    KeyType.RSA_3072: {"kty": "RSA", "key_size": 3072, "key_ops": ["sign", "verify"]},
    KeyType.AES_256: {"kty": "oct", "key_size": 256, "key_ops": ["encrypt", "decrypt"]},
}
_SIGNING = {KeyType.EC_P256: ("ES256", "sha256"), KeyType.EC_P384: ("ES384", "sha384"), KeyType.RSA_3072: ("RS256", "sha256")}
_KEY_VERSION = re.compile(r"[0-9a-f]{32}")
_IV, _AUTHENTICATOR = 12, 16  # bytes


class AzureKeys:
    """One vault or Managed HSM."""

    def __init__(self, place: ServiceUri, bearer: Callable[[], Secret]) -> None:
        if not place.endpoint or place.path:
            raise UsageError(
                "token.uri does not name a vault", "write azurekms://NAME.vault.azure.net or azurekms://NAME.managedhsm.azure.net"
            )
        self._managed = is_managed(place)
        self._called = "Azure Managed HSM" if self._managed else "Azure Key Vault"
        self._hardware = "" if place.protection == "software" else "-HSM"
        self.types = frozenset(_MADE) if self._managed else frozenset(_SIGNING)
        self._rest = Session(self._called, place.endpoint, bearer, _EXTRA)
        self._versions: dict[str, str] = {}

    def facts(self) -> dict[str, str]:
        """Say which service this is."""
        host = self._rest.endpoint.partition("://")[2]
        return {
            "module": "azurekms",
            "library": self._called,
            "label": f"azurekms-{host.partition('.')[0]}",
            "serial": f"azurekms:{host}"[:64],
            "manufacturer": "Microsoft",
            "model": "Managed HSM" if self._managed else f"Key Vault, {'hsm' if self._hardware else 'software'}",
        }

    def make(self, name: Name, key_type: KeyType) -> None:
        """Generate a key that cannot be exported; what the service made otherwise is deleted."""
        wanted = {**_MADE[key_type], "kty": _MADE[key_type]["kty"] + ("-HSM" if key_type is KeyType.AES_256 else self._hardware)}
        body = {**wanted, "attributes": {"enabled": True, "exportable": False}, "tags": {_TAG: name.label}}
        made = self._use("POST", f"/keys/{_PREFIX}{name.id}/create", name, body)
        key = _inside(made, "key")
        same = (key.get("kty"), sorted(map(str, key.get("key_ops") or []))) == (wanted["kty"], sorted(wanted["key_ops"]))
        if not same or _inside(made, "attributes").get("exportable"):
            self.remove(name)
            raise Unavailable(f"{self._called} does not hold the key as asked for", "keys in hardware want a premium vault")

    def find(self, identifier: str, label: str) -> Sequence[tuple[Name, KeyType]]:
        """Look the keys up; a label costs a walk through the vault."""
        names = [identifier] if re.fullmatch(r"[0-9a-f]{1,48}", identifier) else [] if identifier else self._listed(label)
        found = []
        for each in names:
            try:
                key = self._rest.call("GET", f"/keys/{_PREFIX}{each}/", None, _OPTIONS)
            except Refused:
                continue
            kind = _kind(_inside(key, "key"))
            told = _inside(key, "tags").get(_TAG)
            if kind is not None and isinstance(told, str) and label in ("", told) and _inside(key, "attributes").get("enabled") is True:
                found.append((Name(each, told), kind))
        return found

    def public(self, name: Name) -> str:
        """Return the public half as PEM."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = _inside(self._use("GET", f"/keys/{_PREFIX}{name.id}/", name), "key")
        try:
            numbers = {part: int.from_bytes(bytes_of(key[part], self._called)) for part in ("n", "e", "x", "y") if part in key}
            half: Any
            if str(key["kty"]).startswith("EC"):
                curve = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[key["crv"]]
                half = ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], curve).public_key()
            else:
                half = rsa.RSAPublicNumbers(numbers["e"], numbers["n"]).public_key()
        except (KeyError, ValueError, TypeError):
            raise Unavailable(f"{self._called} gives a public key that is none") from None
        return str(half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))

    def remove(self, name: Name) -> None:
        """Delete the key; the service keeps it recoverable for as long as the vault says."""
        self._versions.pop(name.id, None)
        try:
            self._rest.call("DELETE", f"/keys/{_PREFIX}{name.id}", None, _OPTIONS)
        except Refused as refused:
            if refused.status != 404:
                raise self._said(refused, name) from None

    def sign(self, name: Name, key_type: KeyType, message: bytes) -> bytes:
        """Sign the digest; ECDSA comes as r and s side by side (RFC 7518) and leaves as DER."""
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        algorithm, prehash = _SIGNING[key_type]
        body = {"alg": algorithm, "value": _url_safe(hashlib.new(prehash, message).digest())}
        signature = bytes_of(self._operate("sign", name, self._version(name), body).get("value"), self._called)
        if key_type is KeyType.RSA_3072:
            return signature
        half = len(signature) // 2
        if half not in (32, 48) or len(signature) % 2:
            raise Unavailable(f"{self._called} gives a signature that is none")
        return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))

    def encrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Encrypt with AES-256-GCM; the service draws the nonce. What is kept: key version, nonce, tag, ciphertext."""
        version = self._version(name)
        body = {"alg": "A256GCM", "value": _url_safe(content), "aad": _url_safe(associated)}
        answer = self._operate("encrypt", name, version, body)
        nonce, tag, sealed = (bytes_of(answer.get(part), self._called) for part in ("iv", "tag", "value"))
        if (len(nonce), len(tag), len(sealed)) != (_IV, _AUTHENTICATOR, len(content)):
            raise Unavailable(f"{self._called} gives a ciphertext that is none")
        return version.encode("ascii") + nonce + tag + sealed

    def decrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Decrypt; the service answers 400 to whatever does not."""
        version, rest = content[:32].decode("ascii", "replace"), content[32:]
        if not _KEY_VERSION.fullmatch(version) or len(rest) <= _IV + _AUTHENTICATOR:
            raise does_not_unwrap()
        nonce, tag, sealed = rest[:_IV], rest[_IV : _IV + _AUTHENTICATOR], rest[_IV + _AUTHENTICATOR :]
        body = {"alg": "A256GCM", "value": _url_safe(sealed), "iv": _url_safe(nonce), "tag": _url_safe(tag), "aad": _url_safe(associated)}
        try:
            answer = self._rest.call("POST", f"/keys/{_PREFIX}{name.id}/{version}/decrypt", body, _OPTIONS)
        except Refused as refused:
            self._use("GET", f"/keys/{_PREFIX}{name.id}/", name)  # a version that is nowhere is a broken row, a key that is gone is not
            if refused.status == 409:
                raise self._said(refused, name) from None
            raise does_not_unwrap() from None
        return bytes_of(answer.get("value"), self._called)

    def _version(self, name: Name) -> str:
        """Return the version of a key, which the interface wants to be named; it never changes, so it is asked for once."""
        if name.id not in self._versions:
            identifier = str(_inside(self._use("GET", f"/keys/{_PREFIX}{name.id}/", name), "key").get("kid"))
            version = identifier.rpartition("/")[2]
            if not _KEY_VERSION.fullmatch(version):
                raise Unavailable(f"{self._called} does not name the version of the key {name.label}")
            self._versions[name.id] = version
        return self._versions[name.id]

    def _operate(self, verb: str, name: Name, version: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._use("POST", f"/keys/{_PREFIX}{name.id}/{version}/{verb}", name, body)

    def _use(self, method: str, path: str, name: Name, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._rest.call(method, path, body, _OPTIONS)
        except Refused as refused:
            raise self._said(refused, name) from None

    def _said(self, refused: Refused, name: Name) -> Exception:
        if refused.status == 404:
            return Unavailable(f"the key {name.label} is not in {self._called}", "is this the vault that it was made in?")
        what = f"{self._called} does not use the key {name.label} so: {refused.code or refused.status}"
        return Unavailable(what, "is it enabled, and of this type?")

    def _listed(self, label: str) -> list[str]:
        """Return the identifiers of our keys of this label ("" matches any)."""
        found: list[str] = []
        options, seen = {**_OPTIONS, "maxresults": "25"}, set()
        while True:
            try:
                answer = self._rest.call("GET", "/keys", None, options)
            except Refused:
                raise Unavailable(f"{self._called} does not list its keys", "check token.uri") from None
            listed = answer.get("value")
            for key in listed if isinstance(listed, list) else []:
                match = (
                    re.fullmatch(rf"https?://[^/]+/keys/{_PREFIX}([0-9a-f]{{32}})", str(key.get("kid"))) if isinstance(key, dict) else None
                )
                if match and label in ("", _inside(key, "tags").get(_TAG)):
                    found.append(match[1])
            following = answer.get("nextLink")
            # only its options are taken: the token never goes where an answer says
            options = dict(parse_qsl(urlsplit(following).query)) if isinstance(following, str) else {}
            if not options or str(options) in seen:
                return found
            seen.add(str(options))
            options |= _OPTIONS


def is_managed(place: ServiceUri) -> bool:
    """Tell a Managed HSM from a vault: by its host, or by ``?kind=managedhsm`` where the host does not say."""
    return place.option == "managedhsm" or (urlsplit(place.endpoint).hostname or "").endswith(".managedhsm.azure.net")


def access(place: ServiceUri, pin: Callable[[], Secret] | None, environ: Mapping[str, str]) -> Callable[[], Secret]:
    """Return where the access token comes from: the one that is named, a federated token, or the machine's identity."""
    if pin is not None:
        return pin
    resource = "https://managedhsm.azure.net" if is_managed(place) else "https://vault.azure.net"
    federated = [environ.get(f"AZURE_{word}", "") for word in ("FEDERATED_TOKEN_FILE", "CLIENT_ID", "TENANT_ID")]
    if all(federated):
        login = environ.get("AZURE_AUTHORITY_HOST", "") or _LOGIN
        return Bearer(lambda: _of_job(*federated, login=login, resource=resource))
    return Bearer(lambda: _of_machine(environ, resource))


def _of_job(path: str, client: str, tenant: str, *, login: str, resource: str) -> tuple[Secret, float]:
    """Exchange the job's own token, read anew each time, for one of Entra ID."""
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,200}", tenant):
        raise UsageError("AZURE_TENANT_ID is no tenant", "check the identity of the job")
    try:
        assertion = Path(path).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError("AZURE_FEDERATED_TOKEN_FILE cannot be read", "check the identity of the job") from None
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": f"{resource}/.default",
    }
    address = trusted_url(f"{login.rstrip('/')}/{tenant}/oauth2/v2.0/token", "AZURE_AUTHORITY_HOST")
    return granted(exchange(new_session(_EXTRA), "POST", address, "Entra ID", data=form)[1], "Entra ID")


def _of_machine(environ: Mapping[str, str], resource: str) -> tuple[Secret, float]:
    """Ask the instance metadata service, whose address is plain HTTP by design."""
    address = f"{environ.get('AZURE_POD_IDENTITY_AUTHORITY_HOST', '') or _MACHINE}/metadata/identity/oauth2/token"
    options = {"api-version": "2018-02-01", "resource": resource}
    if environ.get("AZURE_CLIENT_ID"):
        options["client_id"] = environ["AZURE_CLIENT_ID"]
    try:
        answer = exchange(new_session(_EXTRA), "GET", address, "the metadata service", params=options, headers={"Metadata": "true"})
    except Unavailable:
        hint = "set token.pin to env:NAME or file:PATH with an access token, or give the job an identity"
        raise UsageError("there are no credentials for Azure", hint) from None
    return granted(answer[1], "the metadata service")


def _kind(key: Mapping[str, Any]) -> KeyType | None:
    for kind, made in _MADE.items():
        if str(key.get("kty")).removesuffix("-HSM") == made["kty"] and key.get("crv") == made.get("crv"):
            return kind
    return None


def _inside(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _url_safe(content: bytes) -> str:
    return text_of(content).translate(str.maketrans("+/", "-_")).rstrip("=")
