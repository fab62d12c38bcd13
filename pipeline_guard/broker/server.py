# SPDX-License-Identifier: Apache-2.0
"""Runs the application: one listening socket, TLS 1.3, a background task, an end without loss."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette

from pipeline_guard.broker.metrics import Metrics
from pipeline_guard.errors import GuardError, Unavailable

_LOG = logging.getLogger("pipeline_guard.broker")
_INTERVAL = 15.0  # seconds between two rounds of what is done in the background
_DRAIN = 20  # seconds in which requests may end
_CONNECTIONS = 512
_HEADERS = 32 * 1024  # bytes


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise Unavailable where the address is taken or not ours."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # NOTE: asyncio sends small answers at once only where the protocol is named: each would wait 40 ms for an acknowledgement
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host.strip("[]"), port))
        made.listen(1024)
    except OSError as error:
        raise Unavailable(
            f"cannot listen on {host}:{port}: {(error.strerror or 'error').lower()}", "choose another broker.listen"
        ) from None
    return made


def serve(
    app: Starlette,
    listening: socket.socket,
    context: ssl.SSLContext,
    *,
    metrics: Metrics,
    rounds: Sequence[tuple[str, Callable[[], object]]],
    ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT; requests that are under way end first. ``rounds`` are done every quarter of a minute."""
    _log_as_lines()
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile="given by the context",
        ssl_context_factory=lambda _config, _default: context,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=_HEADERS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_DRAIN,
    )
    server = _Announced(config, ready)
    over = threading.Event()
    background = threading.Thread(target=_rounds, args=(rounds, over, metrics), name="rounds", daemon=True)
    background.start()
    try:
        asyncio.run(server.serve(sockets=[listening]))
    finally:
        over.set()
        background.join(timeout=_DRAIN)


class _Announced(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        from anyio.to_thread import current_default_thread_limiter

        current_default_thread_limiter().total_tokens = 64  # as many as wait together for one sync of the disk
        await super().startup(sockets)
        self._ready()


def _rounds(rounds: Sequence[tuple[str, Callable[[], object]]], over: threading.Event, metrics: Metrics) -> None:
    while not over.wait(_INTERVAL):
        for name, work in rounds:
            try:
                work()
            except GuardError as error:
                metrics.add("background_failures_total", name)
                _LOG.warning(json.dumps({"task": name, "why": error.what}))
            except Exception as error:  # noqa: BLE001  # a bug in one task must not end the others
                metrics.add("background_failures_total", name)
                _LOG.error(json.dumps({"task": name, "why": f"bug: {type(error).__name__}"}))


class _Line(logging.Formatter):
    """One JSON object a line; what uvicorn says of itself is text in it."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = json.loads(message) if record.name == _LOG.name else {"message": message[:500]}
        return json.dumps({"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname.lower(), **fields})


def _log_as_lines() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    for name, level in (("pipeline_guard.broker", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
