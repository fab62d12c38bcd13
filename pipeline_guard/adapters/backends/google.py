# SPDX-License-Identifier: Apache-2.0
"""Google Secret Manager over its documented REST API: projects.secrets.versions.access, v1, read 2026-11."""

from __future__ import annotations

from collections.abc import Callable

from pipeline_guard.adapters.backends.kept import missing
from pipeline_guard.adapters.cloud.gcp import crc32c
from pipeline_guard.adapters.cloud.rest import Refused, Session, bytes_of
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret

CALLED = "Google Secret Manager"
ENDPOINT = "https://secretmanager.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class SecretManager:
    """All projects that the token may see."""

    def __init__(self, endpoint: str, bearer: Callable[[], Secret]) -> None:
        self._endpoint, self._bearer = endpoint or ENDPOINT, bearer

    def fetch(self, reference: Reference) -> tuple[bytes, str]:
        """Return a version of a secret, the newest where none is named."""
        path = reference.path if "/versions/" in reference.path else f"{reference.path}/versions/latest"
        try:
            answer = Session(CALLED, self._endpoint, self._bearer, "gcp").call("GET", f"/v1/{path}:access")
        except (Refused, Denied):
            raise missing(CALLED, reference) from None
        payload = answer.get("payload")
        found = payload if isinstance(payload, dict) else {}
        content = bytes_of(found.get("data"), CALLED)
        if "dataCrc32c" in found and str(found["dataCrc32c"]) != str(crc32c(content)):
            raise Unavailable(f"an answer of {CALLED} was damaged on its way", "try again")
        return content, str(answer.get("name", "")).rpartition("/versions/")[2]
