# SPDX-License-Identifier: Apache-2.0
"""A small JSON server over real HTTP, for key services that we play."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit


class Answer(Exception):  # how a handler ends early
    def __init__(self, status: int, content: Any) -> None:
        super().__init__()
        self.status, self.content = status, content


class Service(Protocol):
    """What is played; ``broken`` answers every call with this status and body."""

    seen: list[tuple[str, str, dict[str, str], Any]]
    broken: tuple[int, bytes] | None

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any: ...


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Run the server; give its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts, headers = urlsplit(self.path), dict(self.headers)
            is_form = headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
            body: Any = dict(parse_qsl(content.decode())) if is_form else json.loads(content or b"null")
            service.seen.append((self.command, self.path, headers, body))
            if service.broken is not None:
                self._say(*service.broken)
                return
            try:
                found = service.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body, headers)
            except Answer as answer:
                self._say(answer.status, b"" if answer.content is None else json.dumps(answer.content).encode())
            else:
                self._say(200, json.dumps(found).encode())

        def _say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
