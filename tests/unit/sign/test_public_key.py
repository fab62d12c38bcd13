# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

from pipeline_guard.errors import UsageError
from pipeline_guard.sign.public_key import load

SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def pem_of(private: Any) -> str:
    return private.public_key().public_bytes(serialization.Encoding.PEM, SPKI).decode()


@pytest.mark.parametrize(
    ("private", "scheme"),
    [
        (P256, (ec.ECDSA(hashes.SHA256()),)),
        (ec.generate_private_key(ec.SECP384R1()), (ec.ECDSA(hashes.SHA384()),)),
        (ec.generate_private_key(ec.SECP384R1()), (ec.ECDSA(hashes.SHA256()),)),
        (ec.generate_private_key(ec.SECP521R1()), (ec.ECDSA(hashes.SHA512()),)),
        (ed25519.Ed25519PrivateKey.generate(), ()),
        (RSA, (padding.PKCS1v15(), hashes.SHA256())),
        (RSA, (PSS, hashes.SHA256())),
    ],
    ids=["p256", "p384-sha384", "p384-sha256", "p521", "ed25519", "rsa-pkcs1", "rsa-pss"],
)
def test_every_scheme_in_use_is_accepted_and_refuses_another_message(private: Any, scheme: tuple[Any, ...]) -> None:
    signature = private.sign(b"message", *scheme)
    key = load(pem_of(private))
    assert key.accepts(signature, b"message")
    assert not key.accepts(signature, b"massage")
    assert not key.accepts(signature[:-1], b"message")
    assert not key.accepts(b"", b"message")


@pytest.mark.parametrize("scheme", [padding.PKCS1v15(), PSS], ids=["pkcs1", "pss"])
def test_a_hash_nobody_agreed_on_is_refused(scheme: Any) -> None:
    assert not load(pem_of(RSA)).accepts(RSA.sign(b"message", scheme, hashes.SHA512()), b"message")


def test_raw_signatures_are_read_and_only_in_their_length() -> None:
    r, s = utils.decode_dss_signature(P256.sign(b"message", ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32) + s.to_bytes(32)
    key = load(pem_of(P256))
    assert key.accepts(raw, b"message")
    for wrong in (raw + b"\0", raw[1:], r.to_bytes(33) + s.to_bytes(33), bytes(64), b"\xff" * 64):
        assert not key.accepts(wrong, b"message")


def test_a_der_signature_has_one_spelling() -> None:
    der = P256.sign(b"message", ec.ECDSA(hashes.SHA256()))
    key = load(pem_of(P256))
    for wrong in (der + b"\0", b"\x30\x81" + der[1:], b"\x31" + der[1:]):
        assert not key.accepts(wrong, b"message")


def test_the_hints_of_other_tools_name_the_key() -> None:
    pem = pem_of(P256)
    der = hashlib.sha256(P256.public_key().public_bytes(serialization.Encoding.DER, SPKI))
    key = load(pem)
    assert key.fingerprint == der.hexdigest()
    assert key.hint == hashlib.sha256(pem.encode()).hexdigest()
    assert all(key.is_named_by(hint) for hint in (key.hint, key.fingerprint, base64.b64encode(der.digest()).decode()))
    assert not any(key.is_named_by(hint) for hint in (key.hint.upper(), key.hint[:-1], "release key"))


def test_the_hint_does_not_depend_on_how_the_pem_was_wrapped() -> None:
    body = "".join(pem_of(P256).splitlines()[1:-1])
    assert load(f"-----BEGIN PUBLIC KEY-----\r\n{body}\r\n-----END PUBLIC KEY-----").hint == load(pem_of(P256)).hint


def private_pem() -> str:
    return P256.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "not a key",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        private_pem(),
        pem_of(P256)[:80],
        "\ud800",
        "\x00" * 100,
        pem_of(ec.generate_private_key(ec.SECP256K1())),
        pem_of(ed448.Ed448PrivateKey.generate()),
        pem_of(rsa.generate_private_key(65537, 1024)),  # weak, to be refused
    ],
    ids=["empty", "text", "bad-der", "private", "cut", "surrogate", "nul", "secp256k1", "ed448", "rsa-1024"],
)
def test_a_key_that_cannot_judge_is_a_usage_error(pem: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(pem)
    assert caught.value.hint
