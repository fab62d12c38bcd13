# SPDX-License-Identifier: Apache-2.0
"""Issuers' public keys over HTTPS: found by discovery, kept for a while, asked for again rarely, never followed elsewhere.

Sources: OpenID Connect Discovery 1.0, section 4; RFC 7517. A key set that was pinned in a file is never asked for.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pipeline_guard.adapters.https import request
from pipeline_guard.errors import GuardError, Unavailable, UsageError
from pipeline_guard.model.document import parse_json

_FRESH = 600.0  # seconds a set is used without a question
_BEARABLE = 24 * 3600.0  # how long the last good set is used while the issuer does not answer; then nobody gets in
_PAUSE = 30.0  # between two questions, so that tokens with invented key ids cost nobody anything
_PATIENCE = 10.0
_DOCUMENT = 256 * 1024  # bytes
_MOST_KEYS = 64


@dataclass(slots=True)
class _Kept:
    """What is known of one issuer's keys; times are of the monotonic clock."""

    jwks: Mapping[str, object] | None = None
    good: float = 0.0
    asked: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpJwks:
    """Key sets of the configured issuers. ``places`` maps an issuer to its key set's URL ("": by discovery), ``pinned`` to a set."""

    def __init__(self, places: Mapping[str, str], pinned: Mapping[str, Mapping[str, object]], trust: ssl.SSLContext) -> None:
        self._places, self._trust = dict(places), trust
        self._pinned = {issuer: check_jwks(jwks, issuer) for issuer, jwks in pinned.items()}
        self._kept = {issuer: _Kept() for issuer in places}

    def keys(self, issuer: str) -> Mapping[str, object]:
        """Return the set of an issuer, at most ten minutes old, a day old where it does not answer; raise Unavailable beyond."""
        if issuer in self._pinned:
            return self._pinned[issuer]
        kept = self._kept[issuer]
        if kept.jwks is None or time.monotonic() - kept.good > _FRESH:
            self._ask(issuer, kept)
        return self._usable(issuer, kept)

    def fresh(self, issuer: str) -> Mapping[str, object]:
        """Return the set as it is now, unless that was asked half a minute ago."""
        if issuer in self._pinned:
            return self._pinned[issuer]
        kept = self._kept[issuer]
        self._ask(issuer, kept)
        return self._usable(issuer, kept)

    def _ask(self, issuer: str, kept: _Kept) -> None:
        """Ask the issuer, one of us for all; whoever has a set that is still bearable does not wait for a slow answer."""
        if not kept.lock.acquire(blocking=kept.jwks is None):
            return
        try:
            now = time.monotonic()
            if kept.asked is not None and now - kept.asked < _PAUSE:
                return
            kept.asked = now
            kept.jwks = self._fetch(issuer)
            kept.good = time.monotonic()
        except GuardError:
            if kept.jwks is None:
                raise
        finally:
            kept.lock.release()

    def _usable(self, issuer: str, kept: _Kept) -> Mapping[str, object]:
        if kept.jwks is None or time.monotonic() - kept.good > _BEARABLE:
            raise Unavailable(
                f"the keys of {urlsplit(issuer).hostname} cannot be had", "its identity provider does not answer; try again later"
            )
        return kept.jwks

    def _fetch(self, issuer: str) -> Mapping[str, object]:
        place = self._places[issuer]
        if not place:
            found = self._document(issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise Unavailable(f"the discovery document of {urlsplit(issuer).hostname} is of another issuer")
            place = str(found.get("jwks_uri", ""))
        return check_jwks(self._document(place), issuer)

    def _document(self, url: str) -> Mapping[str, object]:
        host = urlsplit(url).hostname
        try:
            answer = request("GET", url, trust=self._trust, limit=_DOCUMENT, patience=_PATIENCE)
            if answer.status != 200:
                raise Unavailable(f"{host} answers with status {answer.status} where its keys should be")
            found = parse_json(answer.body, f"the answer of {host}", limit=_DOCUMENT)
        except UsageError as error:
            raise Unavailable(error.what) from None
        if not isinstance(found, dict):
            raise Unavailable(f"the answer of {host} is no JSON object")
        return found


def check_jwks(jwks: Mapping[str, object], issuer: str) -> Mapping[str, object]:
    """Return a set that can be used; raise Unavailable for another shape, too many keys, or an id that is there twice."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise Unavailable(f"the keys of {urlsplit(issuer).hostname} are no JWK set")
    names = [key["kid"] for key in keys if isinstance(key.get("kid"), str)]
    if len(names) != len(set(names)):
        raise Unavailable(f"the keys of {urlsplit(issuer).hostname} hold one id twice")
    return {"keys": keys}
