# SPDX-License-Identifier: Apache-2.0
"""OpenBao and HashiCorp Vault: KV version 1 and 2, and whatever they make with a lease (database, ...), by JWT login or a token.

A login's token serves one value. For what is kept, it is given back at once; for what was made with a lease, it is the
handle: giving it back ends everything that it made.
Facts: OpenBao's API documentation (auth/jwt, auth/token, KV version 2, database, system/leases), read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_guard.adapters.backends.kept import NEEDS, checked, missing, text_of
from pipeline_guard.adapters.cloud.rest import exchange, new_session, trusted_url
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret

_CALLED = "OpenBao"
_KEPT = Secret(b"kept by its store")


@dataclass(frozen=True, slots=True)
class VaultSecret:
    """One path of a server. ``identity`` gives the job's JWT for a login by ``role``; ``token`` a token where there is no login."""

    reference: Reference
    url: str
    namespace: str
    mount: str
    role: str
    identity: Callable[[], Secret]
    token: Callable[[], Secret] | None
    ca: str = ""

    def make(self, wish: Wish) -> Made:
        """Read the path; raise Denied where the server refuses, Unavailable where it cannot be asked."""
        token = self.token() if self.token else self._login()
        try:
            answer = self._call("GET", self.reference.path, token)
            made = self._made(answer, token, wish)
        except BaseException:
            self._give_back(token)
            raise
        if made.handle == _KEPT:
            self._give_back(token)
        return made

    def undo(self, handle: Secret) -> None:
        """End what was made: by giving back the token that made it, or by its lease where the token is not ours to give back."""
        if handle == _KEPT:
            return
        if self.token is None:
            status, _ = self._exchange("POST", "auth/token/revoke-self", handle)
            if status not in (200, 204, 403):  # 403: the token is gone, and with it all that it made
                raise Unavailable(f"{_CALLED} answers {status} when a token is given back", "this is tried again")
            return
        lease = handle.reveal().decode("utf-8", "replace")
        status, _ = self._exchange("POST", "sys/leases/revoke", self.token(), {"lease_id": lease, "sync": True})
        if status in (401, 403):
            raise Denied(f"{_CALLED} does not let the token revoke leases", NEEDS)
        if status not in (200, 204, 400):  # 400: there is no such lease any more
            raise Unavailable(f"{_CALLED} answers {status} when a lease is revoked", "this is tried again")

    def _made(self, answer: Mapping[str, Any], token: Secret, wish: Wish) -> Made:
        data, lease, seconds = answer.get("data"), answer.get("lease_id"), answer.get("lease_duration")
        if not isinstance(data, dict):
            raise Unavailable(f"{_CALLED}'s answer holds no data", "is this the path of a secret?")
        if isinstance(lease, str) and lease:
            life = timedelta(seconds=seconds if type(seconds) is int and 0 <= seconds < 10**9 else 0)
            handle = token if self.token is None else Secret(lease.encode("utf-8"))
            about = f"{_CALLED}, {self.reference.path}, made for this lease"
            return Made(
                checked(text_of(data, self.reference), self.reference), datetime.now(UTC) + life, handle, revocable=True, about=about
            )
        version = ""
        if isinstance(data.get("metadata"), dict) and isinstance(data.get("data"), dict):  # KV version 2
            version, data = f", version {data['metadata'].get('version')}", data["data"]
        about = f"{_CALLED}{version}; the value itself stays valid"
        return Made(checked(text_of(data, self.reference), self.reference), wish.expires, _KEPT, revocable=True, about=about)

    def _login(self) -> Secret:
        if not self.role:
            raise UsageError(
                "how to log in to OpenBao is not configured", "name backends.vault.role for a login by JWT, or backends.vault.token"
            )
        body = {"role": self.role, "jwt": self.identity().reveal().decode("ascii", "replace")}
        status, answer = self._exchange("POST", f"auth/{self.mount}/login", None, body)
        if status in (400, 401, 403):
            raise Denied(
                f"{_CALLED} does not let this job in as role {self.role[:60]}", "check bound audience, subject and claims of the role"
            )
        auth = answer.get("auth")
        token = auth.get("client_token") if isinstance(auth, dict) else None
        if status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Unavailable(f"{_CALLED} answers {status} to a login", f"try again; {NEEDS}")
        return Secret(token.encode("ascii"))

    def _call(self, method: str, path: str, token: Secret) -> dict[str, Any]:
        status, answer = self._exchange(method, path, token)
        if status in (401, 403, 404, 400):
            raise missing(_CALLED, self.reference)
        if status != 200:
            hint = "unseal it" if status == 503 else f"try again; {NEEDS}"
            raise Unavailable(f"{_CALLED} answers {status}", hint)
        return answer

    def _give_back(self, token: Secret) -> None:
        """End a login; one that cannot be ended ends by itself."""
        if self.token is None:
            try:
                self._exchange("POST", "auth/token/revoke-self", token)
            except Unavailable:
                return

    def _exchange(self, method: str, path: str, token: Secret | None, body: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"X-Vault-Request": "true"}
        if token is not None:
            headers["X-Vault-Token"] = token.reveal().decode("ascii", "replace")
        if self.namespace:
            headers["X-Vault-Namespace"] = self.namespace
        address = f"{trusted_url(self.url.rstrip('/'), 'backends.vault.url')}/v1/{path}"
        session = new_session("openbao")
        parts: dict[str, Any] = {"headers": headers, "verify": self.ca or True}
        if body is not None:
            parts["data"] = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            return exchange(session, method, address, _CALLED, **parts)
        except Unavailable as error:
            raise Unavailable(error.what, "check the network and backends.vault.url") from None
