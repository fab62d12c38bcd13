# SPDX-License-Identifier: Apache-2.0
"""JSON over HTTPS with a forge: bounded, no redirects, no .netrc; no text of an answer is passed on, for it may quote a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline_guard.errors import Denied, Unavailable

_TIMEOUT = (5, 15)  # seconds to connect, and between two pieces of an answer
_LARGEST = 1024 * 1024  # bytes of an answer


def exchange(
    method: str,
    url: str,
    who: str,
    extra: str,
    *,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    told: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Make one exchange; return status and JSON, None where the answer is none. Raises Unavailable where nothing answers, or 429, 5xx.

    ``told`` is filled with the answer's headers, in small letters.
    """
    try:
        import requests
        from urllib3.exceptions import HTTPError
    except ImportError:
        raise Unavailable("requests is not installed", f'pip install "pipeline-guard[{extra}]"') from None
    session = requests.Session()
    session.trust_env = False
    try:
        with (
            session,
            session.request(method, url, headers=dict(headers), json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer,
        ):
            content, status = bytes(answer.raw.read(_LARGEST + 1, decode_content=True)), int(answer.status_code)
            if told is not None:
                told.update({name.lower(): value for name, value in answer.headers.items()})
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:  # an answer that is cut off is urllib3's
        raise Unavailable(f"{who} cannot be reached: {type(error).__name__}", "check the network and the engine's address") from None
    if status == 429 or status >= 500:
        raise Unavailable(f"{who} answers {status}", "this is tried again")
    try:
        return status, json.loads(content) if content and len(content) <= _LARGEST else None
    except (ValueError, RecursionError):
        return status, None


def refused(status: int, who: str, what: str, needs: str) -> Denied | Unavailable:
    """Return the error for a status that is none of success."""
    if status in (401, 403, 404, 422, 400):
        return Denied(f"{who} refuses to {what} ({status})", needs)
    return Unavailable(f"{who} answers {status}", "try again; if it stays, check the engine's address")
