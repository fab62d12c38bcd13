# SPDX-License-Identifier: Apache-2.0
"""Key sets over real HTTPS, from an issuer that misbehaves in every way it can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters import https
from pipeline_guard.adapters.oidc import jwks as module
from pipeline_guard.adapters.oidc.jwks import HttpJwks
from pipeline_guard.errors import Unavailable, UsageError
from tests.fakes.issuer import OidcIssuer

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path / "issuer").running() as running:
        yield running


def opened(issuer: OidcIssuer, place: str = "") -> HttpJwks:
    return HttpJwks({issuer.url: place}, {}, https.context(issuer.authority))


def test_keys_are_found_by_discovery_and_kept(issuer: OidcIssuer) -> None:
    jwks = opened(issuer)
    assert jwks.keys(issuer.url) == jwks.keys(issuer.url) == issuer.jwks()
    assert issuer.asked == [DISCOVERY, "/keys"]


def test_new_key_is_asked_for_and_not_again_at_once(issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    jwks = opened(issuer)
    jwks.keys(issuer.url)
    issuer.rotate("second")
    assert len(jwks.fresh(issuer.url)["keys"]) == 1  # type: ignore[arg-type]  # asked a moment ago
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    assert len(jwks.fresh(issuer.url)["keys"]) == 2  # type: ignore[arg-type]


def test_last_good_set_is_used_for_a_while_and_then_nobody_gets_in(issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    jwks = opened(issuer)
    good = jwks.keys(issuer.url)
    issuer.answers["/keys"] = (500, {}, b"")
    assert jwks.fresh(issuer.url) == good
    monkeypatch.setattr(module, "_FRESH", -1.0)
    assert jwks.keys(issuer.url) == good
    monkeypatch.setattr(module, "_BEARABLE", -1.0)
    with pytest.raises(Unavailable, match="cannot be had"):
        jwks.keys(issuer.url)


def test_pinned_set_is_never_asked_for(issuer: OidcIssuer) -> None:
    jwks = HttpJwks({}, {issuer.url: issuer.jwks()}, https.context())
    assert jwks.keys(issuer.url) == jwks.fresh(issuer.url) == issuer.jwks()
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (DISCOVERY, (200, {}, b'{"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"}')),
        (DISCOVERY, (404, {}, b"{}")),
        (DISCOVERY, (302, {"Location": "/elsewhere"}, b"")),
        ("/keys", (301, {"Location": "/more-keys"}, b"")),
        ("/keys", (200, {}, b"[]")),
        ("/keys", (200, {}, b'{"keys": []}')),
        ("/keys", (200, {}, b'{"keys": [1]}')),
        ("/keys", (200, {}, b'{"keys": [{"kid": "a"}, {"kid": "a"}]}')),
        ("/keys", (200, {}, b'{"keys": [{"kid": "a", "kid": "b"}]}')),
        ("/keys", (200, {}, b"not json")),
        ("/keys", (200, {}, b"[" * 100_000)),
        ("/keys", (200, {}, b'{"keys": "' + b"a" * 300_000 + b'"}')),
        ("/keys", (200, {}, json.dumps({"keys": [{"kid": str(number)} for number in range(65)]}).encode())),
    ],
)  # fmt: skip
def test_answer_that_is_no_key_set_is_refused(issuer: OidcIssuer, path: str, answer: Any) -> None:
    issuer.answers[path] = answer
    with pytest.raises(Unavailable):
        opened(issuer).keys(issuer.url)
    assert "/elsewhere" not in issuer.asked
    assert "/more-keys" not in issuer.asked


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1/keys", "file:///etc/passwd", "https://user:pw@127.0.0.1/keys", "https://127.0.0.1/a\nb", "https:///x", ""]
)
def test_key_set_elsewhere_than_https_is_refused(issuer: OidcIssuer, place: str) -> None:
    issuer.answers[DISCOVERY] = (200, {}, json.dumps({"issuer": issuer.url, "jwks_uri": place}).encode())
    with pytest.raises(Unavailable):
        opened(issuer).keys(issuer.url)


def test_slow_issuer_is_given_up(issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    issuer.delay = 1.0
    with pytest.raises(Unavailable, match="in time"):
        opened(issuer).keys(issuer.url)


def test_issuer_that_does_not_prove_who_it_is_is_refused(issuer: OidcIssuer, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="prove who it is"):
        HttpJwks({issuer.url: ""}, {}, https.context()).keys(issuer.url)
    (tmp_path / "none.pem").write_text("nothing")
    for path in ("none.pem", "missing.pem"):
        with pytest.raises(UsageError):
            https.context(str(tmp_path / path))
