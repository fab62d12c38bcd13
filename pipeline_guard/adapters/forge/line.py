# SPDX-License-Identifier: Apache-2.0
"""The line to a forge, under both client libraries: one host, bounded answers, JSON or nothing, rate limits honoured.

It stands below PyGithub and python-gitlab as an adapter of requests, so that neither can take a token elsewhere, read without
end, or wait longer than we do. A write is sent again only where the forge says that it did not happen (429, or 403 under a rate
limit); after anything less certain the caller looks first what is there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

_LIMIT = 8 * 1024 * 1024  # bytes of one answer
_TRIES = 4
_PAUSE = 1.0  # seconds before the second try, doubled each time
_PATIENCE = 120.0  # seconds that a rate limit may ask of us, in all
_TIMEOUT = (5, 30)  # seconds to connect, and between two pieces of an answer
_WHOLE = 120.0  # seconds for a whole answer
_MOST = 500  # requests of one command
_AGAIN = (500, 502, 503, 504)
_SAFE = ("GET", "HEAD")


class Trouble(requests.RequestException):  # type: ignore[misc]  # requests ships no types
    """An answer that is not taken; ``what`` is ready to be read by people."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class Line(HTTPAdapter):  # type: ignore[misc]  # requests ships no types
    """Requests to ``origin`` (scheme, host and port) and to nobody else."""

    def __init__(self, origin: str, *, pause: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.time) -> None:
        super().__init__(max_retries=0)
        self._origin = _origin(origin)
        self._pause, self._clock = pause, clock
        self._patience = _PATIENCE
        self._left = _MOST

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 an answer is always read here, to its end
        timeout: Any = None,  # noqa: ARG002 ours
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, again where that is safe and may help, and return an answer that is whole and JSON."""
        if _origin(request.url or "") != self._origin:
            raise Trouble(f"a request to {_shown(request.url or '')} was held back: the token is for {self._origin}")
        method = request.method or ""
        self._left -= 1
        if self._left < 0:
            raise Trouble(f"more than {_MOST} requests for one command", "is this the address of the forge's API?")
        for attempt in range(1, _TRIES + 1):
            try:
                response = self._read(request, verify, cert, proxies)
            except Trouble:
                raise
            except requests.RequestException as error:
                if method in _SAFE and attempt < _TRIES:
                    self._pause(_PAUSE * 2 ** (attempt - 1))
                    continue
                raise Trouble(f"{_shown(request.url or '')}: {_reason(error)}", "check the address and the network, or try again") from None
            asked = self._asked_to_wait(response)
            if asked is not None:  # NOTE: never handed on: python-gitlab would wait for itself, in its own way
                self._wait(asked if attempt < _TRIES else _PATIENCE + 1, response)
                continue
            if response.status_code in _AGAIN and method in _SAFE and attempt < _TRIES:
                self._pause(_PAUSE * 2 ** (attempt - 1))
                continue
            return self._whole(request, response)
        raise Trouble(f"{_shown(request.url or '')}: no answer")  # Defensive: the last turn returns or raises

    def _read(self, request: requests.PreparedRequest, verify: Any, cert: Any, proxies: Mapping[str, str] | None) -> requests.Response:
        began = time.monotonic()
        response = super().send(request, stream=True, timeout=_TIMEOUT, verify=verify, cert=cert, proxies=proxies)
        content = bytearray()
        with response:
            for piece in response.iter_content(65_536):
                content += piece
                if len(content) > _LIMIT:
                    raise Trouble(f"{_shown(request.url or '')}: an answer larger than {_LIMIT} bytes")
                if time.monotonic() - began > _WHOLE:
                    raise Trouble(f"{_shown(request.url or '')}: no whole answer within {_WHOLE:.0f} seconds", "try again")
        response._content = bytes(content)
        return response

    def _asked_to_wait(self, response: requests.Response) -> float | None:
        """Return how many seconds the forge asks for, None where it does not limit us."""
        headers = response.headers
        after = _number(headers.get("Retry-After"))
        spent = headers.get("X-RateLimit-Remaining", headers.get("RateLimit-Remaining", "")) == "0"
        if response.status_code != 429 and not (response.status_code == 403 and (after is not None or spent)):
            return None
        if after is not None:
            return after
        reset = _number(headers.get("X-RateLimit-Reset", headers.get("RateLimit-Reset")))
        return 60.0 if reset is None or not spent else max(reset - self._clock(), 1.0)

    def _wait(self, seconds: float, response: requests.Response) -> None:
        if seconds > self._patience:
            raise Trouble(f"rate limit: {_shown(response.url)} asks to wait, {seconds:.0f} seconds or more", "try again after that")
        self._patience -= seconds
        self._pause(seconds)

    def _whole(self, request: requests.PreparedRequest, response: requests.Response) -> requests.Response:
        """Refuse what no forge answers; what an error says beside its status is dropped, because it may be anything."""
        if response.is_redirect or response.status_code in (301, 302, 303, 307, 308):
            target = urljoin(response.url, response.headers.get("Location", ""))
            if _origin(target) != self._origin or request.method not in _SAFE:
                raise Trouble(
                    f"{_shown(response.url)} sends us to {_shown(target)[:200]}", "name the repository and the forge as they are called now"
                )
        elif response.status_code >= 400:
            response._content = b'{"message":"refused"}'
        elif response.content.strip():
            try:
                found = json.loads(response.content)
            except (ValueError, RecursionError):
                raise Trouble(f"{_shown(response.url)}: the answer is no JSON", "is this the address of the forge's API?") from None
            if not isinstance(found, (dict, list)):
                raise Trouble(f"{_shown(response.url)}: the answer is of an unknown form", "is this the address of the forge's API?")
        elif response.status_code not in (202, 204):
            raise Trouble(f"{_shown(response.url)}: the answer is empty", "is this the address of the forge's API?")
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    return f"{parts.scheme}://{parts.hostname or ''}:{port or (443 if parts.scheme == 'https' else 80)}"


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _number(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text is not None and text.replace(".", "", 1).isdigit() else None
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    return {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "SSLError": "its certificate is not trusted",
        "InvalidURL": "not an address",
    }.get(type(error).__name__, "no connection, or one that broke")
