# SPDX-License-Identifier: Apache-2.0
"""HTTP as we use it: bounded answers, bounded time, few at once, a second try where that may help, no cookies and no .netrc.

A proxy and a CA bundle of the environment are honoured; redirects are followed only to the same host and scheme.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from pipeline_guard.errors import Unavailable

_TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of an answer
_WHOLE = 300  # seconds for a whole answer
_TRIES = 3
_PAUSE = 0.2  # seconds before the second try; twice that before the third
_AT_ONCE = 8
_REDIRECTS = 5
_AGAIN = (429, 500, 502, 503, 504)


def is_safe(url: str) -> bool:
    """Tell whether an address may be asked: over TLS, or on this machine; nobody's password in it."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or local) and parts.username is None and not parts.query


class Missing(Unavailable):
    """The server says that there is no such thing."""


class Client:
    """A session that several threads share."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        try:
            import requests
        except ImportError:
            raise Unavailable("requests is not installed", 'pip install "pipeline-guard[advisories]"') from None
        self._requests = requests
        self._session = requests.Session()
        self._session.trust_env = True
        self._session.auth = _no_password
        self._session.headers.update({"User-Agent": "pipeline-guard", **(headers or {})})

    def get(self, url: str, limit: int, accept: str = "") -> bytes:
        """Return an answer of at most ``limit`` bytes. Raises Unavailable; Missing for 404 and 410."""
        import io

        stream = io.BytesIO()
        self._fetch("GET", url, stream, limit, {"Accept": accept} if accept else {}, None)
        return stream.getvalue()

    def many(self, urls: Sequence[str], limit: int) -> list[bytes]:
        """Return the answers of several addresses in their order, a few asked at once."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda url: self.get(url, limit), urls))

    def post(self, url: str, body: object, limit: int) -> Any:
        """Send JSON, return the JSON that is answered."""
        import io

        stream = io.BytesIO()
        self._fetch("POST", url, stream, limit, {"Content-Type": "application/json"}, json.dumps(body).encode())
        return decoded(stream.getvalue(), url)

    def download(self, url: str, stream: IO[bytes], limit: int) -> None:
        """Write an answer into a file."""
        self._fetch("GET", url, stream, limit, {}, None)

    def _fetch(self, method: str, url: str, stream: IO[bytes], limit: int, headers: Mapping[str, str], body: bytes | None) -> None:
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE * 2 ** (attempt - 1))
                stream.seek(0)
                stream.truncate()
            try:
                status = self._once(method, url, stream, limit, headers, body)
            except self._requests.RequestException as error:
                why = _reason(error)
                continue
            if status in (404, 410):
                raise Missing(f"{_shown(url)}: there is no such thing", "check the address")
            if status == 200:
                return
            why = f"it answers {status}"
            if status not in _AGAIN:
                break
        raise Unavailable(f"{_shown(url)}: {why}", "check the address and the network, or try again")

    def _once(self, method: str, url: str, stream: IO[bytes], limit: int, headers: Mapping[str, str], body: bytes | None) -> int:
        began = time.monotonic()
        for _ in range(_REDIRECTS):
            with self._session.request(
                method, url, data=body, headers=dict(headers), timeout=_TIMEOUT, stream=True, allow_redirects=False
            ) as answer:
                if answer.is_redirect:
                    target = urljoin(url, answer.headers.get("Location", ""))
                    if urlsplit(target)[:2] != urlsplit(url)[:2]:
                        raise Unavailable(f"{_shown(url)}: it sends us to another host", "name the final address in the configuration")
                    url = target
                    continue
                if answer.status_code != 200:
                    return int(answer.status_code)
                size = 0
                for piece in answer.iter_content(65_536):
                    size += len(piece)
                    if size > limit:
                        raise Unavailable(f"{_shown(url)}: an answer larger than {limit} bytes")
                    if time.monotonic() - began > _WHOLE:
                        raise Unavailable(f"{_shown(url)}: no whole answer within {_WHOLE} seconds")
                    stream.write(piece)
                length = answer.headers.get("Content-Length", "")
                if length.isdigit() and not answer.headers.get("Content-Encoding") and int(length) != size:
                    raise self._requests.ConnectionError("the answer was cut off")
                return 200
        raise Unavailable(f"{_shown(url)}: more than {_REDIRECTS} redirects")


def decoded(content: bytes, url: str) -> Any:
    """Return the JSON of an answer. Raises Unavailable for anything else."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unavailable(f"{_shown(url)}: the answer is no JSON", "check the address") from None


def _no_password(request: Any) -> Any:
    """Send no password of .netrc: a request carries what we put into it and nothing else."""
    return request


def _reason(error: Exception) -> str:
    text = type(error).__name__
    return {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "SSLError": "its certificate is not trusted",
    }.get(text, "no connection, or one that broke")


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{':' + str(parts.port) if parts.port else ''}{parts.path}"
