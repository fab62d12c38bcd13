# SPDX-License-Identifier: Apache-2.0
"""JSON over HTTP with a bearer token, as Google's and Azure's key services speak it; and where such a token comes from.

No text of a service is passed on: it may quote what was sent. What it refuses is told by status and code alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pipeline_guard.adapters.cloud.uri import is_here
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.secret import Secret

_TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of an answer
_LARGEST = 4 * 1024 * 1024  # bytes of an answer
_EARLY = 120  # seconds before its end that a token is fetched anew
_CODE = re.compile(r"[A-Za-z_]{1,60}")
_HINT = "docs/key-services.md lists the permissions that are needed"


class Refused(Exception):  # an answer inside this room
    """The service said no: HTTP status and its code, such as NOT_FOUND."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__()
        self.status, self.code = status, code


class Session:
    """One service: ``called`` for people, ``endpoint`` without a slash at its end; ``bearer`` is asked at every call."""

    def __init__(self, called: str, endpoint: str, bearer: Callable[[], Secret], extra: str) -> None:
        self.called, self.endpoint, self._bearer = called, endpoint, bearer
        self._session = new_session(extra)

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, options: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the answer; raise Refused for 400, 404 and 409, ours for everything else."""
        headers = {"Authorization": f"Bearer {self._bearer().reveal().decode('ascii', 'replace')}"}
        status, found = exchange(self._session, method, f"{self.endpoint}{path}", self.called, json=body, params=options, headers=headers)
        if status in (200, 201):
            return found
        said = found.get("error")
        code = (said.get("status") or said.get("code")) if isinstance(said, dict) else ""
        code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
        if status in (401, 403):
            raise Denied(f"{self.called} refuses: {code or status}", _HINT)
        if status in (400, 404, 409):
            raise Refused(status, code)
        if status == 429:
            raise Unavailable(f"{self.called} is asked too often", "try again later")
        raise Unavailable(f"{self.called} answers {status}", "try again; if it stays, check the service and token.uri")


class Bearer:
    """A token that is fetched when it is needed and kept until shortly before its end; ``fetch`` gives it with its seconds."""

    def __init__(self, fetch: Callable[[], tuple[Secret, float]]) -> None:
        self._fetch, self._lock = fetch, threading.Lock()
        self._token, self._until = Secret(b""), 0.0

    def __call__(self) -> Secret:
        """Return the token."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._token, seconds = self._fetch()
                self._until = time.monotonic() + max(seconds - _EARLY, 1)
            return self._token


def granted(answer: Mapping[str, Any], who: str) -> tuple[Secret, float]:
    """Read the answer of a token endpoint (RFC 6749, section 5.1)."""
    token, seconds = answer.get("access_token"), answer.get("expires_in", 300)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Unavailable(f"{who} gives no access token", "check the identity of the job")
    return Secret(token.encode("ascii")), float(seconds) if str(seconds).isdecimal() else 300.0


def new_session(extra: str) -> Any:
    """Return an HTTP session that reads no .netrc; raise Unavailable naming the extra where requests is missing."""
    try:
        import requests
    except ImportError:
        raise Unavailable("requests is not installed", f'pip install "pipeline-guard[{extra}]"') from None
    session = requests.Session()
    session.trust_env = False
    return session


def exchange(session: Any, method: str, url: str, who: str, **parts: Any) -> tuple[int, dict[str, Any]]:
    """Make one exchange; return status and JSON object, {} where the answer is none. Redirects are not followed."""
    import requests
    from urllib3.exceptions import HTTPError

    try:
        with session.request(method, url, timeout=_TIMEOUT, allow_redirects=False, stream=True, **parts) as answer:
            content = answer.raw.read(_LARGEST + 1, decode_content=True)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise Unavailable(f"{who} cannot be reached: {type(error).__name__}", "check the network and token.uri") from None
    try:
        found = json.loads(content) if len(content) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    return answer.status_code, found if isinstance(found, dict) else {}


def trusted_url(url: str, what: str) -> str:
    """Return a URL that a credential may go to; raise UsageError for plain HTTP to another machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(parts.hostname or "")):
        raise UsageError(f"{what} is no HTTPS address", "check the configuration of the job's identity")
    return url


def text_of(content: bytes) -> str:
    """Return Base64."""
    return base64.b64encode(content).decode("ascii")


def bytes_of(text: object, who: str) -> bytes:
    """Read Base64 of either alphabet, padded or not; raise Unavailable for anything else."""
    try:
        if not isinstance(text, str):
            raise ValueError
        plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unavailable(f"{who}'s answer is no Base64") from None
