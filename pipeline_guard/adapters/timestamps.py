# SPDX-License-Identifier: Apache-2.0
"""A time-stamp authority over HTTP (RFC 3161 section 3.4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline_guard.errors import Unavailable, UsageError

_TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of an answer
_LARGEST = 64 * 1024  # bytes of an answer
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class HttpTimestamps:
    """One authority. HTTP without TLS is usual here: the answer is signed, and holds the question."""

    def __init__(self, url: str) -> None:
        try:
            import requests
        except ImportError:
            raise Unavailable("requests is not installed", 'pip install "pipeline-guard[timestamp]"') from None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise UsageError(
                "the address of a time-stamp authority is http:// or https://, without a name or password", "--timestamp-url URL"
            )
        self._url, self._host = url, parts.hostname
        self._session = requests.Session()

    def exchange(self, request: bytes) -> bytes:
        """Send a request and return the answer, unverified. Raises Unavailable."""
        import requests
        from urllib3.exceptions import HTTPError

        headers = {"Content-Type": _QUERY, "Accept": _REPLY}
        try:
            with self._session.post(
                self._url, data=request, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                content = bytes(answer.raw.read(_LARGEST + 1, decode_content=True))
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                status = answer.status_code
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unavailable(f"{self._host}: no answer ({type(error).__name__})", "try again, or name another authority") from None
        # 201: Sigstore's own authority
        if status not in (200, 201) or kind != _REPLY or len(content) > _LARGEST:
            raise Unavailable(f"{self._host}: no timestamp, but status {status}", "try again, or name another authority")
        return content
