# SPDX-License-Identifier: Apache-2.0
"""Secrets of Kubernetes over its documented API (core/v1, read one Secret), as a pod or with a token of a service account; read 2026-11."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from pipeline_guard.adapters.backends.kept import NEEDS, missing
from pipeline_guard.adapters.cloud.rest import exchange, new_session, trusted_url
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret

CALLED = "Kubernetes"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # where a pod finds its own


class ClusterSecrets:
    """One cluster; ``ca`` is the path of its certificate authority, "" for the system's."""

    def __init__(self, url: str, token: Callable[[], Secret], ca: str) -> None:
        self._url, self._token, self._ca = url, token, ca

    def fetch(self, reference: Reference) -> tuple[bytes, str]:
        """Return one key of a Secret, and the Secret's resource version."""
        if not self._url:
            raise UsageError("the address of Kubernetes is not named", "set backends.kubernetes.url, or run in a pod")
        namespace, _, name = reference.path.partition("/")
        address = f"{trusted_url(self._url.rstrip('/'), 'backends.kubernetes.url')}/api/v1/namespaces/{namespace}/secrets/{name}"
        headers = {"Authorization": f"Bearer {self._token().reveal().decode('ascii', 'replace')}", "Accept": "application/json"}
        status, answer = exchange(new_session("openbao"), "GET", address, CALLED, headers=headers, verify=self._ca or True)
        if status == 401:
            raise Denied(f"{CALLED} refuses the token", NEEDS)
        if status in (403, 404):
            raise missing(CALLED, reference)
        if status != 200:
            raise Unavailable(f"{CALLED} answers {status}", NEEDS)
        fields = answer.get("data")
        if not isinstance(fields, dict) or reference.field not in fields:
            raise UsageError(f"{reference} has no key {reference.field}", "kubectl describe secret lists them")
        try:
            content = base64.b64decode(fields[reference.field], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Unavailable(f"{CALLED}'s answer is no Base64") from None
        metadata = answer.get("metadata")
        return content, str(metadata.get("resourceVersion", ""))[:32] if isinstance(metadata, dict) else ""
