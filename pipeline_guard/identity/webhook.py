# SPDX-License-Identifier: Apache-2.0
"""Who sent a webhook: HMAC-SHA256 over its body, GitHub's ``X-Hub-Signature-256: sha256=HEX`` and GitLab's ``X-Gitlab-Signature: HEX``."""

from __future__ import annotations

import hashlib
import hmac

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.secret import Secret

_HINT = "is it the secret that the forge was given, and the body exactly as it came?"


def authenticate(body: bytes, signature: str, key: Secret) -> None:
    """Raise IntegrityError unless the body was signed with the key; the comparison takes constant time."""
    made = hmac.new(key.reveal(), body, hashlib.sha256).hexdigest()
    given = signature.strip().removeprefix("sha256=").lower()
    if len(key) == 0 or not hmac.compare_digest(given.encode("utf-8", "replace"), made.encode("ascii")):
        raise IntegrityError("the event is not signed by its forge", _HINT)
