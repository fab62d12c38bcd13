# SPDX-License-Identifier: Apache-2.0
"""Slow clients are cut off while others are served; none of these tests depends on how fast the machine is."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import pytest
import uvicorn

from pipeline_guard.broker.protocol import BoundedProtocol, Limits

LARGE = 64 * 1024 * 1024  # bytes


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, then answer; ``/large`` with more than any buffer holds."""
    while (await receive()).get("more_body"):
        continue
    body = b"x" * (LARGE if scope["path"] == "/large" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def running(limits: Limits) -> Iterator[int]:
    """Run a server with these limits on a port of its own."""

    class Mine(BoundedProtocol):
        pass

    Mine.limits = limits
    config = uvicorn.Config(
        app,
        http=Mine,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
        limit_concurrency=limits.connections + 1,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


def is_served(port: int) -> bool:
    """Ask like a client that tries again: on a machine that is busy, this one may be slow, too."""
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/", b"body")
            return connection.getresponse().status == 200
        except OSError:
            continue
        finally:
            connection.close()
    return False


def trickles(port: int, beginning: bytes, piece: bytes) -> bool:
    """Send one piece after the other, until the other side hangs up; give False where it never does."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(beginning)
        ends = time.monotonic() + 60
        slow.settimeout(0.02)
        while time.monotonic() < ends:
            try:
                if slow.recv(1) == b"":
                    return True
            except TimeoutError:
                try:
                    slow.sendall(piece)
                except OSError:
                    return True
            except OSError:
                return True
    return False


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"", b"G"),
        (b"", b""),
        (b"", b"\r\n"),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (HEAD + b"Content-Length: 0\r\n\r\nPOST / HT", b"T"),
    ],
    ids=["first line", "nothing at all", "empty lines", "headers", "body", "chunks", "second request"],
)
def test_request_that_trickles_in_is_cut_off_while_others_are_served(beginning: bytes, piece: bytes) -> None:
    with running(Limits(arrival=1.0)) as port:
        found: list[bool] = []

        def slow() -> None:
            # what answers the first request is read away, one byte a piece
            found.append(trickles(port, beginning, piece))

        thread = threading.Thread(target=slow)
        thread.start()
        while thread.is_alive():
            assert is_served(port)
            thread.join(0.05)
        assert found == [True]


def taken_after(seconds: float, port: int) -> int:
    """Ask for a large answer, take nothing for a while, then all there is; return how many bytes came."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as idle:
        idle.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(seconds)
        taken = 0
        with suppress(ConnectionError):
            while taken < LARGE and (piece := idle.recv(1 << 20)):
                taken += len(piece)
        return taken


def test_answer_that_nobody_takes_is_given_up() -> None:
    with running(Limits(answer=0.5)) as port:
        assert any(taken_after(seconds, port) < LARGE for seconds in (1.0, 4.0, 16.0))
        assert is_served(port)


def is_kept(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for _ in range(3):
            connection.request("GET", "/")
            if connection.getresponse().read() != b"xx":
                return False
            time.sleep(1.2)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def test_connection_that_is_kept_between_requests_is_none_that_is_slow() -> None:
    """Each pause is longer than a request may take; on a machine that is busy a request may be so, too."""
    with running(Limits(arrival=1.0, answer=1.0)) as port:
        assert any(is_kept(port) for _ in range(5))


class TestMany:
    """More connections than there may be."""

    most: ClassVar[int] = 8

    def test_those_that_wait_longest_make_room_for_whoever_comes(self) -> None:
        with running(Limits(connections=self.most)) as port:
            idle = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(self.most * 3)]
            assert all(is_served(port) for _ in range(3))
            assert idle[0].recv(1) == b"", "the first one had to go"
            for each in idle:
                each.close()
