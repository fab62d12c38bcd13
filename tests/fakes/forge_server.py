# SPDX-License-Identifier: Apache-2.0
"""A forge over real HTTP: every request and every answer is held against its OpenAPI document; faults come where a test wants them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.openapi import Api


class Refused(Exception):  # how a handler ends early
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Fault:
    """An answer that no document allows, or a line that breaks. It is used ``times`` times, for what matches ``pattern``.

    ``after`` does what was asked before the answer is spoilt.
    """

    pattern: str
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    is_cut: bool = False
    after: bool = False


class Forge(Protocol):
    api: Api
    prefix: str

    def answer(self, method: str, route: str, parts: dict[str, str], query: dict[str, str], body: Any, token: str) -> tuple[int, Any]: ...


class Served:
    """A running forge: what it was asked, by whom, and which faults are still to come."""

    def __init__(self, forge: Any, url: str) -> None:
        self.forge, self.url = forge, url
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.broken: list[str] = []  # what went wrong in the fake itself

    def writes(self) -> list[tuple[str, str]]:
        return [each for each in self.asked if each[0] != "GET"]


def _handler(served: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            served.asked.append((self.command, parts.path))
            served.headers.append(dict(self.headers))
            fault = next(
                (each for each in served.faults if each.times and re.fullmatch(each.pattern, f"{self.command} {parts.path}")), None
            )
            if fault:
                fault.times -= 1
                if fault.after:
                    self._do(parts.path, dict(parse_qsl(parts.query)), content)
                self._say(fault.status, fault.body, fault.headers, is_cut=fault.is_cut)
                return
            status, body = self._do(parts.path, dict(parse_qsl(parts.query)), content)
            self._say(status, b"" if status == 204 else json.dumps(body).encode(), {"Content-Type": "application/json"})

        def _do(self, path: str, query: dict[str, str], content: bytes) -> tuple[int, Any]:
            forge, api = served.forge, served.forge.api
            route, values = api.route(self.command, path.removeprefix(forge.prefix))
            if not route:
                return 404, {"message": "Not Found"}
            body = json.loads(content) if content else None
            token = self.headers.get("Authorization", "").partition(" ")[2] or self.headers.get("PRIVATE-TOKEN", "")
            api.check_request(self.command, route, query, body)
            try:
                status, found = forge.answer(self.command, route, values, query, body, token)
            except Refused as refused:
                status, found = refused.status, {"message": refused.message}
            except Exception as error:  # a mistake of the fake must not look like one of the forge
                served.broken.append(repr(error))
                raise
            if status < 400:
                api.check_response(self.command, route, status, found)
            return status, found

        def _say(self, status: int, content: bytes, headers: dict[str, str], *, is_cut: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) + (100 if is_cut else 0)))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = self.close_connection or is_cut

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(forge: Any) -> Iterator[Served]:
    """Serve until the block ends, then fail where any request or answer disagreed with the document."""
    served = Served(forge, "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    forge.url = served.url
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert served.broken == []
    assert forge.api.violations == []
