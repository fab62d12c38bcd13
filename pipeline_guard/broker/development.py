# SPDX-License-Identifier: Apache-2.0
"""The issuer of ``serve --dev``: the endpoint that a runner offers to a job, played on this machine for this machine."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pipeline_guard.adapters.oidc.local import LocalIssuer
from pipeline_guard.broker.answers import answer, document

_LIFE = 300  # seconds


class DevelopmentIssuer:
    """Signs the identity of an invented job for whoever knows the bearer token that was printed at the start."""

    def __init__(self, url: str, claims: Mapping[str, str]) -> None:
        self.url, self.bearer = url, secrets.token_urlsafe(24)
        self._claims = dict(claims)
        self._issuer = LocalIssuer({})

    def keys(self) -> Mapping[str, object]:
        """Return the public key set."""
        return self._issuer.keys(self.url)

    def routes(self) -> list[BaseRoute]:
        """Return the endpoint that gives tokens."""
        return [Route("/dev/token", self._token, methods=["GET"])]

    async def _token(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self.bearer}".encode()):
            return document({"error": "invalid_token"}, 401)
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + _LIFE, "jti": secrets.token_hex(16), "iss": self.url}
        token = self._issuer.issue({**self._claims, **times, "aud": request.query_params.get("audience", "")[:512]})
        return answer(json.dumps({"value": token}).encode())
