# SPDX-License-Identifier: Apache-2.0
"""The output of a command, copied through the filter as it comes."""

from __future__ import annotations

import errno
import os
import select
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import IO

from pipeline_guard.adapters.redaction import Redactor

_CHUNK = 256 * 1024  # bytes
_IDLE = 0.5  # seconds without output after which an ended command counts as silent
_SETTLED = 0.2  # seconds after which what might have been the beginning of a value is shown


@dataclass(slots=True)
class _Route:
    """One stream on its way; ``since`` is when something came last, on the monotonic clock."""

    stream: IO[bytes]
    redactor: Redactor
    target: int
    since: float = 0.0


def pump(child: subprocess.Popen[bytes], redactor: Redactor) -> None:
    """Copy both streams until they are closed; or until the command has ended and what it left behind says nothing."""
    routes: dict[int, _Route] = {}
    with selectors.DefaultSelector() as selector:
        for stream, target in ((child.stdout, _descriptor(sys.stdout)), (child.stderr, _descriptor(sys.stderr))):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ)
                routes[stream.fileno()] = _Route(stream, redactor.beside(), target)
        while routes:
            waiting = any(route.redactor.waiting for route in routes.values())
            ready = selector.select(_SETTLED if waiting else _IDLE)
            now = time.monotonic()
            for key, _ in ready:
                route = routes[key.fd]
                route.since = now
                chunk = os.read(key.fd, _CHUNK)
                kept = _write(route.target, route.redactor.feed(chunk) if chunk else route.redactor.finish())
                if not chunk or not kept:  # a reader that went away: the command learns of it as it would without us
                    selector.unregister(route.stream)
                    del routes[key.fd]
                    route.stream.close()
            for route in routes.values():
                if route.redactor.waiting and now - route.since >= _SETTLED:
                    _write(route.target, route.redactor.idle())
            if not ready and not waiting and child.poll() is not None:  # what still holds the pipes is not the command
                break
        for route in routes.values():
            _write(route.target, route.redactor.finish())
            route.stream.close()


def _descriptor(stream: IO[str] | None) -> int:
    """Return a standard stream's descriptor; -1 where it was closed, for its number may now be another file's."""
    return stream.fileno() if stream is not None else -1


def _write(target: int, content: bytes) -> bool:
    """Write all of it; return False once nobody reads any more. A full disk ends the copying, not the command."""
    view = memoryview(content if target >= 0 else b"")
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError as error:
            return error.errno != errno.EPIPE
    return True
