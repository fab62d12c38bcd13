# SPDX-License-Identifier: Apache-2.0
"""JWTs by keys of a real token, judged by PyJWT and by our own verifier, each with the published documents alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from pipeline_guard.adapters.engines.jose import compact, discovery, jwk, key_set, thumbprint
from pipeline_guard.adapters.engines.jwt import JwtIssuer
from pipeline_guard.errors import UsageError
from pipeline_guard.identity.jwt import Expectation, verify
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import LEASE, Clock, token_key, wish

ISSUER = "https://broker.example.org"
ALGORITHMS = {KeyType.EC_P256: "ES256", KeyType.EC_P384: "ES384", KeyType.RSA_3072: "RS256", KeyType.ED25519: "EdDSA"}


@pytest.fixture(scope="module", params=list(ALGORITHMS), ids=lambda kind: kind.value)
def key(request: pytest.FixtureRequest, embedded_token: Any) -> Any:
    return token_key(embedded_token, f"jwt-{request.param.value}", request.param)


@pytest.fixture
def issuer(key: Any) -> JwtIssuer:
    return JwtIssuer(Clock(), key, ISSUER, "https://api.example.org", ("repository_id", "sha"))


def decoded(issuer: JwtIssuer, token: bytes) -> dict[str, Any]:
    published = key_set([issuer.key()])
    known = {each["kid"]: jwt.PyJWK(each) for each in published["keys"]}
    header = jwt.get_unverified_header(token.decode())
    used = known[header["kid"]]
    return dict(jwt.decode(token, used, algorithms=[ALGORITHMS[issuer.key().type]], audience="https://api.example.org", issuer=ISSUER))


def test_foreign_verifier_reads_every_claim(issuer: JwtIssuer) -> None:
    made = issuer.make(wish(issuer.clock, repository_id="42", actor="somebody"))
    claims = decoded(issuer, made.value.reveal())
    now = int(issuer.clock.now().timestamp())
    assert claims == {
        "repository_id": "42", "iss": ISSUER, "sub": "github:o/r:1:1:job", "aud": "https://api.example.org", "iat": now, "nbf": now,
        "exp": now + 600, "jti": LEASE,
    }  # fmt: skip
    assert not made.revocable
    assert made.expires == issuer.clock.now() + timedelta(minutes=10)
    assert len(made.handle) == 0


def test_our_own_verifier_takes_what_it_knows(issuer: JwtIssuer) -> None:
    if issuer.key().type not in (KeyType.EC_P256, KeyType.RSA_3072):
        return
    made = issuer.make(wish(issuer.clock))
    expected = Expectation(ISSUER, "https://api.example.org", frozenset({ALGORITHMS[issuer.key().type]}), key_set([issuer.key()]))
    assert verify(made.value, expected, issuer.clock.now()).token_id == LEASE


def test_token_is_bound_to_the_key_that_the_job_sends(issuer: JwtIssuer) -> None:
    own = jwk(issuer.key().public_pem)
    made = issuer.make(wish(issuer.clock, given={"jwk": json.dumps({**own, "kid": "mine"})}))
    assert decoded(issuer, made.value.reveal())["cnf"] == {"jkt": thumbprint(own)}


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"kty":"EC","crv":"P-256","x":1,"y":"b"}', '{"kty":"oct","k":"c2VjcmV0"}', "[" * 5000, "x" * 9000,
     '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}'],
    ids=["nothing", "no json", "list", "empty", "number", "symmetric", "deep", "huge", "private"],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(issuer: JwtIssuer, text: str) -> None:
    with pytest.raises(UsageError):
        issuer.make(wish(issuer.clock, given={"jwk": text}))


def test_thumbprint_is_that_of_the_standard() -> None:
    # RFC 7638, section 3.1
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4H"
        "c5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4"
        "vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert thumbprint({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256"}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_documents_of_the_issuer_hold_public_things_only(issuer: JwtIssuer) -> None:
    (published,) = key_set([issuer.key()])["keys"]
    assert set(published) <= {"kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"}
    document = discovery(ISSUER, [issuer.key()])
    assert (document["issuer"], document["jwks_uri"]) == (ISSUER, f"{ISSUER}/.well-known/jwks")
    assert document["id_token_signing_alg_values_supported"] == [published["alg"]]


def test_changed_token_does_not_verify(issuer: JwtIssuer) -> None:
    token = compact({"aud": "https://api.example.org", "iss": ISSUER}, issuer.key(), thumbprint(jwk(issuer.key().public_pem)))
    head, body, signature = token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        decoded(issuer, f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}".encode())
    issuer.undo(Secret(b""))
