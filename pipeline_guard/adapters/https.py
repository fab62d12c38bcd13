# SPDX-License-Identifier: Apache-2.0
"""One HTTPS request: no redirects, a deadline for all of it, a cap on its size. Standard library only, since revoking must be quick."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from pipeline_guard.errors import Unavailable, UsageError

_LONGEST_URL = 8192


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Expired(Unavailable):
    """The other side was too slow."""


def context(authority: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """Return how the other side proves who it is: by the system's authorities, or by the PEM file ``authority`` alone.

    ``certificate`` and ``key`` are PEM files of our own, for mutual TLS. Raises UsageError for files that cannot be used.
    """
    try:
        made = ssl.create_default_context(cafile=authority or None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            made.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"cannot use {authority or certificate}: {getattr(error, 'strerror', None) or 'not PEM'}", "give PEM files"
        ) from None
    return made


def request(
    method: str,
    url: str,
    *,
    trust: ssl.SSLContext,
    limit: int,
    patience: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send one request and return the answer. Raises Unavailable; UsageError for what is no https URL."""
    parts = _parts(url)
    ends = time.monotonic() + patience
    connection = _connect(parts.hostname or "", parts.port or 443, trust, patience)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, {"Accept": "application/json", "User-Agent": "pipeline-guard", **(headers or {})})
        answer = connection.getresponse()
        content = bytearray()
        while piece := answer.read1(65536):
            content += piece
            left = ends - time.monotonic()
            if len(content) > limit:
                raise Unavailable(f"{parts.hostname} answers with more than {limit} bytes")
            if left <= 0:
                raise Expired(f"{parts.hostname} did not answer in time")
            if connection.sock is not None:
                connection.sock.settimeout(left)
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, bytes(content))
    except ssl.SSLCertVerificationError as error:
        raise Unavailable(
            f"{parts.hostname} does not prove who it is: {error.verify_message[:120]}", "name its authority, or mend its certificate"
        ) from None
    except TimeoutError:
        raise Expired(f"{parts.hostname} did not answer in time") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"cannot reach {parts.hostname}: {_words(error)}", "is the address right, and is it up?") from None
    finally:
        connection.close()


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    bad = any(character <= " " or character == "\x7f" for character in url) or len(url) > _LONGEST_URL
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or bad or port == 0:
        raise UsageError(f"not an https URL: {url[:80]!r}", "write it like https://host/path")
    return parts


def _connect(host: str, port: int, trust: ssl.SSLContext, patience: float) -> http.client.HTTPSConnection:
    """Return a connection, through the proxy that the environment names for others than this machine."""
    proxy = getproxies().get("https", "")
    if not proxy or host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return http.client.HTTPSConnection(host, port, timeout=patience, context=trust)
    found = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    connection = http.client.HTTPSConnection(found.hostname or "", found.port or 3128, timeout=patience, context=trust)
    connection.set_tunnel(host, port)
    return connection


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").lower().replace("_", " ")
    return str(getattr(error, "strerror", None) or type(error).__name__).lower()
