# SPDX-License-Identifier: Apache-2.0
"""Runs the application: one listening socket, TLS 1.3, a background task, another configuration on SIGHUP, an end without loss."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from pipeline_guard.broker.metrics import Metrics
from pipeline_guard.broker.protocol import BoundedProtocol
from pipeline_guard.errors import GuardError, Unavailable

_LOG = logging.getLogger("pipeline_guard.broker")
_INTERVAL = 15.0  # seconds between two rounds of what is done in the background
_DRAIN = 20  # seconds in which requests may end
_HANDSHAKE = 10.0  # seconds
_FILES = 65536
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


@dataclass(frozen=True, slots=True)
class Served:
    """What one configuration serves: the application, and ``rounds`` that are done every quarter of a minute."""

    app: Starlette
    rounds: Sequence[tuple[str, Callable[[], object]]]


def serve(
    served: Served,
    listening: socket.socket,
    context: ssl.SSLContext,
    *,
    metrics: Metrics,
    ready: Callable[[], None],
    reload: Callable[[], Served] | None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests that are under way end first.

    SIGHUP takes what ``reload`` returns in place of what is served, for the requests that come after; where it raises GuardError, what is
    served stays, and the log tells why. Without ``reload`` SIGHUP ends the process, as when its terminal goes away.
    """
    _log_as_lines()
    _more_files()
    current = _Current(served, reload, metrics)
    config = uvicorn.Config(
        current,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile="given by the context",
        ssl_context_factory=lambda _config, _default: context,
        limit_concurrency=BoundedProtocol.limits.connections + 1,
        h11_max_incomplete_event_size=_HEADERS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_DRAIN,
    )
    server = _Announced(config, ready, current)
    over = threading.Event()
    background = threading.Thread(target=_rounds, args=(current, over, metrics), name="rounds", daemon=True)
    background.start()
    try:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(server.serve(sockets=[listening]))
    finally:
        over.set()
        background.join(timeout=_DRAIN)


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose servers wait ten seconds for a TLS handshake, not a minute; uvicorn has no setting for it."""

    async def create_server(self, *words: Any, **named: Any) -> asyncio.Server:
        return await super().create_server(*words, **{**named, "ssl_handshake_timeout": _HANDSHAKE})


class _Current:
    """The application as it is configured now; a request that has begun ends as it began."""

    def __init__(self, served: Served, reload: Callable[[], Served] | None, metrics: Metrics) -> None:
        self.served, self.can_renew = served, reload is not None
        self._reload, self._metrics, self._turn = reload, metrics, threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.served.app(scope, receive, send)

    def renew(self) -> None:
        """Take the configuration as it is now, whole or not at all."""
        with self._turn:
            try:
                self.served = self._reload() if self._reload else self.served
            except GuardError as error:
                self._metrics.add("background_failures_total", "reload")
                _LOG.warning(json.dumps({"task": "reload", "why": error.what, "hint": error.hint}))
            except Exception as error:  # noqa: BLE001  # a bug here must not end what is served
                self._metrics.add("background_failures_total", "reload")
                _LOG.error(json.dumps({"task": "reload", "why": f"bug: {type(error).__name__}"}))
            else:
                _LOG.info(json.dumps({"task": "reload"}))


class _Announced(uvicorn.Server):
    """A server that tells when it listens, and hears SIGHUP."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], current: _Current) -> None:
        super().__init__(config)
        self._ready, self._current = ready, current

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        from anyio.to_thread import current_default_thread_limiter

        current_default_thread_limiter().total_tokens = 64  # as many as wait together for one sync of the disk
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        if self._current.can_renew:
            loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, self._current.renew))
        self._ready()


def _more_files() -> None:
    """Take as many open files as we may: connections that never begin TLS count in no limit of ours, and go after ten seconds."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _rounds(current: _Current, over: threading.Event, metrics: Metrics) -> None:
    while not over.wait(_INTERVAL):
        for name, work in current.served.rounds:
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
