# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 with an end to patience: uvicorn has no limit on how long a client may take over a request (slowloris, CVE-2007-6750).

uvicorn's own timer counts idle time between requests and is put back by every byte. An ASGI middleware begins only when the headers are
there, so the limit is in the protocol.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LOG = logging.getLogger("pipeline_guard.broker")
_COMING = (h11.IDLE, h11.SEND_BODY)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a whole request to arrive, and from there to the end of its answer; how many connections there may be."""

    arrival: float = 20.0
    answer: float = 120.0
    connections: int = 512


class BoundedProtocol(H11Protocol):
    """One connection that is cut off when it is too slow; when there are too many, the one goes that has waited longest for a request."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._is_coming = True
        self._is_left = False  # the answer is written, and not taken yet: its timer goes on
        self._since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.limits.connections:
            idle = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self and each._is_idle()]
            if idle:
                min(idle, key=lambda each: each._since)._cut("there are too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; bytes alone win no time."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request, once its first byte is there; until then uvicorn's timer for idle connections runs."""
        self._since = self.loop.time()
        if self.transport.get_write_buffer_size():
            self._is_left = True
        else:
            self._stop()
            self._is_coming = True
        super().on_response_complete()
        if self.conn.their_state is not h11.IDLE or self.conn.trailing_data[0]:  # it sent another one without waiting
            self._wait()

    def _wait(self) -> None:
        """Have the timer run that fits: for a request that is coming, or for its answer; one that runs already goes on."""
        is_coming = self.conn.their_state in _COMING
        if self._timer is not None and is_coming == self._is_coming and not self._is_left:
            return
        self._stop()
        self._is_coming, self._since = is_coming, self.loop.time()
        if is_coming:
            self._timer = self.loop.call_later(self.limits.arrival, self._cut, "the request did not arrive in time")
        else:
            self._timer = self.loop.call_later(self.limits.answer, self._leave)

    def _leave(self) -> None:
        """Cut off who does not take an answer; one that was taken late is fine."""
        if self._is_left and not self.transport.get_write_buffer_size():
            self._stop()
            self._is_coming = True
            return
        self._cut("the answer was not taken in time")

    def _is_idle(self) -> bool:
        return self._is_coming or self._is_left

    def _stop(self) -> None:
        self._is_left = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self, why: str) -> None:
        self._stop()
        client = self.client[0] if self.client else ""
        _LOG.warning(json.dumps({"connection": client, "why": why}))
        self.connections.discard(self)  # at once: uvicorn counts them before the other side is told
        self.transport.abort()
