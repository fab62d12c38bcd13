# SPDX-License-Identifier: Apache-2.0
"""Secrets of Azure Key Vault over its documented REST API 7.4 (Get Secret), read 2026-11."""

from __future__ import annotations

from collections.abc import Callable

from pipeline_guard.adapters.backends.kept import missing
from pipeline_guard.adapters.cloud.rest import Refused, Session
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret

CALLED = "Azure Key Vault"


class VaultSecrets:
    """Every vault that the token may see; ``endpoint`` stands for their own addresses where it is given."""

    def __init__(self, endpoint: str, bearer: Callable[[], Secret]) -> None:
        self._endpoint, self._bearer = endpoint, bearer

    def fetch(self, reference: Reference) -> tuple[bytes, str]:
        """Return a version of a secret, the newest where none is named."""
        vault, _, path = reference.path.partition("/")
        endpoint = self._endpoint or f"https://{vault.lower()}.vault.azure.net"
        try:
            answer = Session(CALLED, endpoint, self._bearer, "azure").call("GET", f"/secrets/{path}", None, {"api-version": "7.4"})
        except (Refused, Denied):
            raise missing(CALLED, reference) from None
        value = answer.get("value")
        if not isinstance(value, str):
            raise Unavailable(f"{CALLED}'s answer holds no secret", "try again")
        return value.encode("utf-8", "surrogatepass"), str(answer.get("id", "")).rpartition("/")[2][:32]
