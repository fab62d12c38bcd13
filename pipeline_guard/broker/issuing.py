# SPDX-License-Identifier: Apache-2.0
"""The documents of our own issuer, by which others verify the JWTs that its engine makes. Public; nobody logs in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pipeline_guard.adapters.engines.jose import discovery, key_set
from pipeline_guard.broker.answers import document
from pipeline_guard.model.dynamic import EngineKey


def issuer_routes(issuer: str, keys: Callable[[], Sequence[EngineKey]]) -> list[BaseRoute]:
    """Return the routes below an issuer's own path; ``keys`` are asked for at each request, so that a rotation shows at once."""

    async def described(_request: Request) -> Response:
        return document(discovery(issuer, await run_in_threadpool(keys)))

    async def listed(_request: Request) -> Response:
        return document(key_set(await run_in_threadpool(keys)))

    below = urlsplit(issuer).path.rstrip("/")
    return [
        Route(f"{below}/.well-known/openid-configuration", described, methods=["GET"]),
        Route(f"{below}/.well-known/jwks", listed, methods=["GET"]),
    ]
