# SPDX-License-Identifier: Apache-2.0
"""Stores of others over real HTTP: the calls that we make, as their API documentation describes them.

They were written from the documentation, not from the services: what a real one does differently, they do not show.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard.adapters.cloud.gcp import crc32c
from tests.fakes.service import Answer

JWT = "a.job-identity" + ".token"
ROOT = "root-" + "of-this-test"
ACCESS = "access-" + "of-this-test"


@dataclass
class VaultServer:
    """OpenBao or Vault: KV 1 at ``old``, KV 2 at ``kv``, database at ``database``, login by JWT as role ``ci``."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, list[str]] = field(default_factory=lambda: {ROOT: []})  # token -> the leases it made
    leases: set[str] = field(default_factory=set)
    sealed: bool = False
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None
    made: int = 0

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        del options
        if self.sealed:
            raise Answer(503, {"errors": ["Vault is sealed"]})
        if path == "/v1/auth/jwt/login":
            if body != {"role": "ci", "jwt": JWT}:
                raise Answer(400, {"errors": ["error validating token: a text that people never see"]})
            return {"auth": {"client_token": self._token(), "lease_duration": 1200}}
        token = headers.get("X-Vault-Token", "")
        if token not in self.tokens:
            raise Answer(403, {"errors": ["permission denied"]})
        if path == "/v1/auth/token/revoke-self":
            self.leases -= set(self.tokens.pop(token))
            return None
        if path == "/v1/sys/leases/revoke":
            if body["lease_id"] not in self.leases:
                raise Answer(400, {"errors": ["invalid lease"]})
            self.leases.discard(body["lease_id"])
            return None
        return self._read(method, path.removeprefix("/v1/"), token)

    def _read(self, method: str, path: str, token: str) -> Any:
        if method != "GET" or path.endswith("/forbidden"):
            raise Answer(403, {"errors": ["1 error occurred: permission denied"]})
        if path == "database/creds/app":
            self.made += 1
            lease = f"database/creds/app/{self.made}"
            self.leases.add(lease)
            self.tokens[token].append(lease)
            data = {"username": f"v-jwt-app-{self.made}", "password": f"Made-{self.made}-for-one-job"}
            return {"lease_id": lease, "renewable": True, "lease_duration": 3600, "data": data}
        if path not in self.kept:
            raise Answer(404, {"errors": []})
        data = self.kept[path]
        if path.startswith("kv/data/"):
            return {"lease_id": "", "lease_duration": 0, "data": {"data": data, "metadata": {"version": 7, "destroyed": False}}}
        return {"lease_id": "", "lease_duration": 2764800, "data": data}

    def _token(self) -> str:
        token = f"hvs.of-login-{len(self.seen)}"
        self.tokens[token] = []
        return token


@dataclass
class Clouds:
    """Google Secret Manager, Azure Key Vault and Kubernetes at one address; the paths tell them apart."""

    google: dict[str, bytes] = field(default_factory=dict)
    azure: dict[str, str] = field(default_factory=dict)
    kubernetes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    damaged: bool = False
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        if headers.get("Authorization") != f"Bearer {ACCESS}" or method != "GET" or body is not None:
            raise Answer(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        if path.startswith("/v1/projects/"):
            name = path.removeprefix("/v1/").removesuffix(":access")
            if name not in self.google:
                raise Answer(404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "a text that people never see"}})
            content = self.google[name]
            payload = {"data": base64.b64encode(content).decode(), "dataCrc32c": str(crc32c(content) + self.damaged)}
            return {"name": name.replace("/latest", "/4"), "payload": payload}
        if path.startswith("/secrets/"):
            name = path.removeprefix("/secrets/")
            if options != {"api-version": "7.4"} or name not in self.azure:
                raise Answer(404, {"error": {"code": "SecretNotFound", "message": "a text that people never see"}})
            return {
                "value": self.azure[name],
                "id": f"https://v.vault.azure.net/secrets/{name}/{'0a' * 16}",
                "attributes": {"enabled": True},
            }
        name = path.removeprefix("/api/v1/namespaces/").replace("/secrets/", "/")
        if name not in self.kubernetes:
            raise Answer(404, {"kind": "Status", "reason": "NotFound", "code": 404, "message": "a text that people never see"})
        data = {key: base64.b64encode(value).decode() for key, value in self.kubernetes[name].items()}
        return {"kind": "Secret", "metadata": {"resourceVersion": "8812", "creationTimestamp": time.strftime("%FT%TZ")}, "data": data}
