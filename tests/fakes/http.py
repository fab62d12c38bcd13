# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server on this machine: answers by path, with delays and faults where a test asks for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = bytes | dict[str, Any] | list[Any] | int | Callable[[bytes], Any]


class Place:
    """What the server answers: ``answers`` by path; a number is a status; a list of several is used up in order; what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.cut_off: set[str] = set()
        self.redirects: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place: Place

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _answer(self, body: bytes) -> None:
        place = self.place
        place.asked.append(self.path)
        if self.path in place.redirects:
            self.send_response(302)
            self.send_header("Location", place.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answer = place.answers.get(self.path, 404)
        if isinstance(answer, Iterator):
            answer = next(answer)
        if callable(answer):
            answer = answer(body)
        status = answer if isinstance(answer, int) else 200
        content = b"" if isinstance(answer, int) else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) + (10 if self.path in place.cut_off else 0)))
        self.end_headers()
        self.wfile.write(content)
        if self.path in place.cut_off:
            self.close_connection = True

    def log_message(self, *_words: Any) -> None:
        """Stay quiet."""


@contextmanager
def serving() -> Iterator[Place]:
    """Serve until the block ends."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    place = Place(f"http://127.0.0.1:{server.server_address[1]}")
    handler.place = place  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield place
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
