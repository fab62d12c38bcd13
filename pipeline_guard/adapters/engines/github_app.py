# SPDX-License-Identifier: Apache-2.0
"""How a GitHub App says who it is, and what it is given.

Facts: GitHub "Generating a JSON Web Token (JWT) for a GitHub App"; REST API, "Create an installation access token for an app".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipeline_guard.adapters.engines.jose import compact
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret

_EARLIER, _LIFE = 60, 300  # seconds: the App's own JWT begins before now, for clocks that differ, and lives at most ten minutes


def own_token(app: str, key: EngineKey, now: datetime) -> Secret:
    """Return the JWT by which an App asks in its own name."""
    at = int(now.timestamp())
    return Secret(compact({"iss": app, "iat": at - _EARLIER, "exp": at + _LIFE}, key).encode("ascii"))


def headers(bearer: Secret) -> dict[str, str]:
    """Return what every question to GitHub's REST API carries."""
    kind = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "pipeline-guard"}
    return {**kind, "Authorization": f"Bearer {bearer.reveal().decode('ascii', 'replace').strip()}"}


def installation_token(found: Any) -> tuple[Secret, datetime]:
    """Return the installation token in GitHub's answer and when it ends; raise Unavailable for anything else."""
    try:
        token, expires = found["token"], datetime.fromisoformat(found["expires_at"])
        if not token.isascii() or not token.isprintable() or expires.tzinfo is None:
            raise ValueError
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Unavailable("GitHub's answer is no installation token", "is api: the address of GitHub's REST API?") from None
    return Secret(token.encode("ascii")), expires
