# SPDX-License-Identifier: Apache-2.0
"""The broker over HTTP: every route reads a request, calls one flow in a thread, and writes its answer."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pipeline_guard.adapters import broker_wire as wire
from pipeline_guard.broker.answers import answer, document, refusal
from pipeline_guard.broker.metrics import Metrics
from pipeline_guard.broker.openapi import openapi
from pipeline_guard.errors import GuardError, IntegrityError, UsageError
from pipeline_guard.flows import broker, broker_approval, broker_sign
from pipeline_guard.flows.broker_terms import BrokerDoors, BrokerTerms
from pipeline_guard.model.secret import Secret

_LOG = logging.getLogger("pipeline_guard.broker")
_LONGEST_HEADER = 16 * 1024


@dataclass(frozen=True, slots=True)
class Broker:
    """What the routes need: terms, doors, signing, the gauges of a store, and whether it answers."""

    terms: BrokerTerms
    doors: BrokerDoors
    signing: broker_sign.SigningDoors
    metrics: Metrics
    ready: Callable[[], None]
    further: Sequence[BaseRoute] = ()


def create_app(served: Broker) -> Starlette:
    """Return the ASGI application."""
    routes = _Routes(served)
    table: list[BaseRoute] = [
        Route(path, routes.of(path, handler), methods=[method])
        for method, path, handler in (
            ("POST", "/v1/leases", routes.lease),
            ("DELETE", "/v1/leases", routes.revoke),
            ("POST", "/v1/leases/renew", routes.renew),
            ("POST", "/v1/sign", routes.sign),
            ("POST", "/v1/approvals", routes.approve),
            ("GET", "/v1/public-keys/{name}", routes.public_key),
            ("GET", "/healthz", routes.health),
            ("GET", "/readyz", routes.ready),
            ("GET", "/metrics", routes.metrics),
            ("GET", "/openapi.json", routes.description),
        )
    ]
    made = Starlette(routes=[*table, *served.further])
    made.router.redirect_slashes = False  # NOTE: it would build the address from a header that the client writes
    return made


class _Routes:
    def __init__(self, served: Broker) -> None:
        self._served = served
        self._description = json.dumps(openapi(served.terms.address)).encode("utf-8")

    def of(self, path: str, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that numbers, measures and logs its requests, and turns errors into answers."""

        async def handle(request: Request) -> Response:
            number, begun, why = secrets.token_hex(8), time.monotonic(), ""
            # RFC 9112, section 6.1: where something stands before us, the two of us may disagree on where the request ends
            doubtful = {"content-length", "transfer-encoding"} <= set(request.headers)
            try:
                if doubtful:
                    raise UsageError("the request has two lengths")
                found = await handler(request)
            except GuardError as error:
                found, why = refusal(error, number), error.what
            except ClientDisconnect:
                found = Response(status_code=400)
            except Exception as error:  # noqa: BLE001  # an entrance's one broad except: a bug answers 500, and says no more
                found, why = refusal(GuardError("bug"), number), f"bug: {type(error).__name__}"
            took = time.monotonic() - begun
            self._served.metrics.add("requests_total", f"{request.method} {path} {found.status_code}")
            self._served.metrics.took(took)
            facts = {"request": number, "method": request.method, "path": path, "status": found.status_code, "ms": round(took * 1000, 1)}
            _LOG.log(logging.WARNING if why else logging.INFO, json.dumps({**facts, **({"why": _clean(why)} if why else {})}))
            found.headers["X-Request-Id"] = number
            if doubtful:
                found.headers["Connection"] = "close"
            return found

        return handle

    async def lease(self, request: Request) -> Response:
        fields = wire.read_object(await _body(request))
        wire.known(fields, "identity_token", "secrets", "given")
        is_session = "authorization" in request.headers
        token = _authorization(request) if is_session else Secret(wire.text(fields, "identity_token", longest=65536).encode("utf-8"))
        asked = broker.Asked(token, is_session, _proof(request), wire.read_bindings(fields), wire.texts(fields, "given"))
        granted = await self._flow(broker.lease, asked)
        return answer(wire.write_granted(granted.session, granted.ends, granted.grant, granted.injection))

    async def renew(self, request: Request) -> Response:
        fields = wire.read_object(await _body(request))
        wire.known(fields, "seconds")
        seconds = fields.get("seconds", 900)
        if type(seconds) is not int or not 1 <= seconds <= 24 * 3600:
            raise UsageError("seconds is no number of seconds")
        found = await self._flow(broker.renew, _authorization(request), _proof(request), timedelta(seconds=seconds))
        leases = [{"lease": each.id, "secret": each.secret, "expires": each.expires.isoformat()} for each in found]
        return document({"schema": "pipeline-guard/renewed/v1", "leases": leases})

    async def revoke(self, request: Request) -> Response:
        fields = wire.read_object(await _body(request))
        wire.known(fields, "grant", "hidden")
        grant, hidden = wire.text(fields, "grant", longest=64), wire.read_hidden(fields)
        ended = await self._flow(broker.revoke, _authorization(request), _proof(request), grant, hidden)
        return document({"schema": "pipeline-guard/revoked/v1", "ended": len(ended)})

    async def sign(self, request: Request) -> Response:
        fields = wire.read_object(await _body(request))
        wire.known(fields, "key", "type", "subjects", "model")
        wanted = broker_sign.Wanted(
            _authorization(request),
            _proof(request),
            wire.text(fields, "key", longest=128),
            wire.text(fields, "type"),
            fields.get("subjects"),
            fields.get("model"),
        )
        bundle, public = await run_in_threadpool(
            broker_sign.sign, wanted, terms=self._served.terms, doors=self._served.doors, signing=self._served.signing
        )
        return document({"schema": "pipeline-guard/signed/v1", "bundle": json.loads(bundle), "public_key": public})

    async def approve(self, request: Request) -> Response:
        approver = await self._flow(broker_approval.hand_in, await _body(request))
        return document({"schema": "pipeline-guard/approved/v1", "approver": approver})

    async def public_key(self, request: Request) -> Response:
        pem = await run_in_threadpool(broker_sign.public_key, request.path_params["name"], signing=self._served.signing)
        return answer(pem.encode("ascii"), media="application/x-pem-file")

    async def health(self, _request: Request) -> Response:
        return document({"status": "alive"})

    async def ready(self, _request: Request) -> Response:
        await run_in_threadpool(self._served.ready)
        return document({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        now = self._served.doors.clock.now()
        opened = await run_in_threadpool(lambda: len(self._served.doors.leases("broker").leases.open_leases(now)))
        gauges = [("leases_open", "Leases that are neither ended nor expired.", float(opened))]
        return answer(self._served.metrics.render(gauges).encode("utf-8"), media="text/plain; version=0.0.4")

    async def description(self, _request: Request) -> Response:
        return answer(self._description)

    async def _flow(self, flow: Callable[..., Any], *asked: Any) -> Any:
        return await run_in_threadpool(flow, *asked, terms=self._served.terms, doors=self._served.doors)


async def _body(request: Request) -> bytes:
    """Read the body with a limit; raise UsageError beyond it."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > wire.LIMIT:
            raise UsageError("the request is too large")
    return bytes(content)


def _proof(request: Request) -> str:
    """Return the one DPoP header; raise IntegrityError for none, or for several."""
    found = request.headers.getlist("dpop")
    if len(found) != 1 or len(found[0]) > _LONGEST_HEADER:
        raise IntegrityError("the proof of possession is missing")
    return found[0]


def _authorization(request: Request) -> Secret:
    """Return a session's token; raise IntegrityError for another scheme."""
    found = request.headers.getlist("authorization")
    scheme, _, token = found[0].partition(" ") if len(found) == 1 else ("", "", "")
    if scheme.lower() != "dpop" or not 0 < len(token) <= 256 or not token.isascii():
        raise IntegrityError("the session's token is missing")
    return Secret(token.encode("ascii"))


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:500]
