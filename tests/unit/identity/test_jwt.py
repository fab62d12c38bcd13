# SPDX-License-Identifier: Apache-2.0
"""Tokens made by our own issuer and by a foreign library; every irregular one refused, with one class of error."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pipeline_guard.adapters.oidc.local import LocalIssuer
from pipeline_guard.errors import Denied, IntegrityError
from pipeline_guard.identity.job import identify
from pipeline_guard.identity.jwt import Expectation, verify
from pipeline_guard.model.secret import Secret

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ISSUER = "https://token.actions.githubusercontent.com"
SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": "pipeline-guard", "sub": "repo:o/r:ref:refs/heads/main", "jti": "one", "iat": SECONDS, "nbf": SECONDS,
    "exp": SECONDS + 300, "repository": "o/r", "repository_id": "12", "repository_owner_id": "3", "ref": "refs/heads/main",
    "event_name": "push", "run_id": "9",
}  # fmt: skip
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def jwk(**changes: Any) -> dict[str, Any]:
    numbers = KEY.public_key().public_numbers()
    return {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e), **changes}


def expected(*keys: dict[str, Any]) -> Expectation:
    return Expectation(ISSUER, "pipeline-guard", frozenset({"RS256"}), {"keys": list(keys or (jwk(),))})


def token(changes: dict[str, Any] | None = None, header: dict[str, Any] | None = None, algorithm: str = "RS256", key: Any = KEY) -> Secret:
    claims = {name: value for name, value in {**CLAIMS, **(changes or {})}.items() if value is not ...}
    return Secret(pyjwt.encode(claims, key, algorithm, {"kid": "k1", **(header or {})}).encode())


def test_token_of_a_foreign_library_verifies() -> None:
    claims = verify(token(), expected(), NOW)
    assert (claims.issuer, claims.subject, claims.token_id) == (ISSUER, CLAIMS["sub"], "one")
    identity = identify(claims)
    assert (identity.forge, identity.name, identity.claims["repository_id"]) == ("github", "o/r", "12")


def test_our_issuer_is_understood_by_a_foreign_library() -> None:
    issuer = LocalIssuer(CLAIMS)
    key = pyjwt.PyJWK(issuer.keys(ISSUER)["keys"][0])  # type: ignore[index]
    raw = issuer.fetch("pipeline-guard").reveal()
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    assert pyjwt.decode(raw, key, ["RS256"], audience="pipeline-guard", options=options)["repository"] == "o/r"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": ISSUER + "/"}, {"iss": ...}, {"aud": "other"}, {"aud": ["pipeline-guard", "other"]}, {"aud": ...},
        {"exp": SECONDS - 31}, {"exp": ...}, {"exp": "1900000000"}, {"exp": True}, {"exp": 1e30}, {"exp": SECONDS + 90_000},
        {"iat": SECONDS + 60, "exp": SECONDS + 300}, {"iat": ...}, {"nbf": SECONDS + 60}, {"nbf": None}, {"jti": ...}, {"jti": ""}, {"jti": 5},
        {"sub": ...}, {"sub": 7}, {"exp": SECONDS, "iat": SECONDS},
    ],
    ids=str,
)  # fmt: skip
def test_token_with_unfit_claims_is_refused(changes: dict[str, Any]) -> None:
    try:
        unfit = token(changes)
    except TypeError:  # the foreign library refuses to make some of them: sign them by hand
        unfit = LocalIssuer({name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}).fetch("pipeline-guard")
    with pytest.raises(IntegrityError, match="identity token is refused"):
        verify(unfit, expected(), NOW)


def test_leeway_is_thirty_seconds_on_both_sides() -> None:
    verify(token({"exp": SECONDS - 29, "iat": SECONDS - 300, "nbf": SECONDS - 300}), expected(), NOW)
    verify(token(), expected(), NOW - timedelta(seconds=29))
    with pytest.raises(IntegrityError):
        verify(token(), expected(), NOW - timedelta(seconds=31))


def by_hand(header: dict[str, Any], claims: dict[str, Any] = CLAIMS, signature: str = "AAAA") -> Secret:
    encode = lambda thing: base64.urlsafe_b64encode(json.dumps(thing).encode()).rstrip(b"=").decode()  # noqa: E731
    return Secret(f"{encode(header)}.{encode(claims)}.{signature}".encode())


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "k1"}, {"alg": "None", "kid": "k1"}, {"alg": "HS256", "kid": "k1"}, {"alg": "RS384", "kid": "k1"}, {"alg": "ES256", "kid": "k1"},
        {"kid": "k1"}, {"alg": "RS256"}, {"alg": "RS256", "kid": 1}, {"alg": "RS256", "kid": "../../k1"}, {"alg": ["RS256"], "kid": "k1"},
    ],
    ids=str,
)  # fmt: skip
def test_header_that_is_not_pinned_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        verify(by_hand(header), expected(), NOW)


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c", "crit"])
def test_key_named_by_the_token_itself_is_refused(name: str) -> None:
    with pytest.raises(IntegrityError, match="header"):
        verify(token(header={name: "https://evil.example" if name != "crit" else []}), expected(), NOW)


def test_public_key_used_as_hmac_secret_is_refused() -> None:
    import hashlib
    import hmac

    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    message = b".".join(by_hand({"alg": "HS256", "kid": "k1"}).reveal().split(b".")[:2])
    signature = base64.urlsafe_b64encode(hmac.new(pem, message, hashlib.sha256).digest()).rstrip(b"=")
    with pytest.raises(IntegrityError):
        verify(Secret(message + b"." + signature), expected(), NOW)


def test_key_set_must_hold_the_key_once_strong_and_for_signatures() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    weak_jwk = jwk(n=number(weak.public_key().public_numbers().n))
    for keys in (
        [],
        [jwk(), jwk()],
        [jwk(kid="k2")],
        [jwk(use="enc")],
        [jwk(alg="RS512")],
        [jwk(key_ops=["sign"])],
        [jwk(kty="EC")],
        [jwk(e="AQ")],
    ):
        with pytest.raises(IntegrityError):
            verify(token(), Expectation(ISSUER, "pipeline-guard", frozenset({"RS256"}), {"keys": keys}), NOW)
    with pytest.warns(UserWarning, match="1024"):
        made_weak = token(key=weak)
    with pytest.raises(IntegrityError, match="weak"):
        verify(made_weak, expected(weak_jwk), NOW)


def test_every_changed_character_is_refused() -> None:
    raw = token().reveal()
    for place in range(0, len(raw), 7):
        changed = raw[:place] + (b"A" if raw[place : place + 1] != b"A" else b"B") + raw[place + 1 :]
        with pytest.raises(IntegrityError):
            verify(Secret(changed), expected(), NOW)


@pytest.mark.parametrize(
    "raw", [b"", b".", b"..", b"a.b", b"a.b.c.d", b"\xff.\xff.\xff", b"e30.e30.e30", b"x" * 40_000, b" e30.e30.e30", b"e30=.e30=.e30="]
)
def test_text_that_is_no_token_is_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify(Secret(raw), expected(), NOW)


def test_forge_claims_must_be_complete() -> None:
    with pytest.raises(Denied, match="run_id"):
        identify(verify(token({"run_id": ...}), expected(), NOW))
    with pytest.raises(Denied, match="no forge"):
        identify(verify(token({"repository_id": ...}), expected(), NOW))


def test_job_of_a_gitlab_fork_is_denied() -> None:
    gitlab = {"repository_id": ..., "project_id": "7", "namespace_id": "1", "ref_type": "branch", "pipeline_source": "push", "job_id": 5}
    assert identify(verify(token({**gitlab, "job_project_id": "7"}), expected(), NOW)).forge == "gitlab"
    with pytest.raises(Denied, match="fork"):
        identify(verify(token({**gitlab, "job_project_id": "8"}), expected(), NOW))
