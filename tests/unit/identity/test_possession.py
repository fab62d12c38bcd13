# SPDX-License-Identifier: Apache-2.0
"""Proofs made by a foreign library verify; every irregular one is refused, always with the same words."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from pipeline_guard.adapters.oidc.job_key import JobKey
from pipeline_guard.errors import IntegrityError, Unavailable
from pipeline_guard.identity.possession import session_digest, verify_proof
from pipeline_guard.model.p256 import thumbprint
from pipeline_guard.model.secret import Secret

NOW = datetime.now(UTC)
ADDRESS = "https://broker.example/v1/leases"
KEY = ec.generate_private_key(ec.SECP256R1())
TOKEN = Secret(b"session-token")
HASH = base64.urlsafe_b64encode(hashlib.sha256(b"session-token").digest()).rstrip(b"=").decode()


def jwk(key: Any = KEY) -> dict[str, Any]:
    return {name: value for name, value in ECAlgorithm.to_jwk(key.public_key(), as_dict=True).items() if name != "kid"}


def proof(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: Any = KEY, algorithm: str = "ES256") -> str:
    made = {"jti": "0123456789abcdef", "htm": "POST", "htu": ADDRESS, "iat": int(NOW.timestamp()), **(claims or {})}
    head = {"typ": "dpop+jwt", "jwk": jwk(KEY), **(header or {})}
    payload = {name: value for name, value in made.items() if value is not None}
    return pyjwt.encode(payload, key, algorithm, {name: value for name, value in head.items() if value is not None})


def test_proof_of_a_foreign_library_verifies() -> None:
    found = verify_proof(proof(), "POST", ADDRESS, NOW)
    assert found.key == thumbprint(jwk())
    assert len(found.id) == 64
    assert verify_proof(proof({"ath": HASH}), "POST", ADDRESS, NOW, token=TOKEN).key == found.key
    assert verify_proof(proof({"jti": "another-id"}), "POST", ADDRESS, NOW).id != found.id


def test_thumbprint_is_the_one_of_rfc_7638() -> None:
    assert thumbprint({**jwk(), "use": "sig", "kid": "x"}) == thumbprint(jwk())  # only what the key is made of counts
    example = {
        "kty": "EC",
        "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }
    assert thumbprint(example) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"  # RFC 9449, figure 2 and section 6.1


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": {"htm": "GET"}}, {"claims": {"htm": None}}, {"claims": {"htu": "https://evil.example/v1/leases"}}, {"claims": {"htu": ADDRESS + "/"}},
        {"claims": {"iat": int(NOW.timestamp()) - 120}}, {"claims": {"iat": int(NOW.timestamp()) + 120}}, {"claims": {"iat": True}}, {"claims": {"iat": "1"}},
        {"claims": {"iat": None}}, {"claims": {"jti": None}}, {"claims": {"jti": "short"}}, {"claims": {"jti": 7}}, {"claims": {"ath": HASH}},
        {"header": {"typ": "JWT"}}, {"header": {"typ": None}}, {"header": {"jwk": None}}, {"header": {"jku": "https://evil.example"}},
        {"header": {"kid": "1"}}, {"header": {"jwk": {**jwk(), "d": "AAAA"}}}, {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"header": {"jwk": {**jwk(), "crv": "P-384"}}}, {"header": {"jwk": {**jwk(), "x": "AAAA"}}}, {"header": {"jwk": []}},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
)  # fmt: skip
def test_irregular_proof_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"^the proof of possession does not hold$"):
        verify_proof(proof(**changes), "POST", ADDRESS, NOW)


def test_proof_of_another_algorithm_or_form_is_refused() -> None:
    strong = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for text in (
        proof(key=strong, algorithm="RS256"),
        proof(key="x" * 32, algorithm="HS256"),
        "",
        "a.b",
        "a.b.c",
        "\u00e9.b.c",
        proof() + ".x",
        "." * 9000,
    ):
        with pytest.raises(IntegrityError):
            verify_proof(text, "POST", ADDRESS, NOW)


def test_proof_goes_with_its_token_only() -> None:
    for claims in ({}, {"ath": "x"}, {"ath": HASH[:-1]}):
        with pytest.raises(IntegrityError):
            verify_proof(proof(claims), "POST", ADDRESS, NOW, token=TOKEN)


def test_proof_is_good_for_a_minute_either_way() -> None:
    verify_proof(proof(), "POST", ADDRESS, NOW + timedelta(seconds=58))
    for late in (timedelta(seconds=62), -timedelta(seconds=62)):
        with pytest.raises(IntegrityError):
            verify_proof(proof(), "POST", ADDRESS, NOW + late)


def test_our_proof_is_understood_by_a_foreign_library() -> None:
    key = JobKey.load(JobKey.make().dump())
    text = key.proof("DELETE", ADDRESS, TOKEN)
    header = pyjwt.get_unverified_header(text)
    claims = pyjwt.decode(text, pyjwt.PyJWK({**header["jwk"], "alg": "ES256"}), ["ES256"])
    assert (header["typ"], claims["htm"], claims["htu"], claims["ath"]) == ("dpop+jwt", "DELETE", ADDRESS, HASH)
    assert verify_proof(text, "DELETE", ADDRESS, datetime.now(UTC), token=TOKEN).key == key.thumbprint()
    with pytest.raises(Unavailable):
        JobKey.load("AAAA")


def test_session_is_known_by_a_digest() -> None:
    assert session_digest(TOKEN) == hashlib.sha256(b"session-token").hexdigest()
