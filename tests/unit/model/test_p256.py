# SPDX-License-Identifier: Apache-2.0
"""ECDSA P-256 over a message: keys that are none, and signatures that do not hold, are told in one way."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline_guard.model.p256 import holds, p256_key

KEY = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_signature_holds_over_its_message_and_under_its_key_alone() -> None:
    signature = KEY.sign(b"message", ec.ECDSA(hashes.SHA256()))
    key, other = p256_key(pem(KEY)), p256_key(pem(ec.generate_private_key(ec.SECP256R1())))
    assert key is not None
    assert other is not None
    assert holds(key, signature, b"message")
    assert not holds(key, signature, b"massage")
    assert not holds(other, signature, b"message")
    for broken in (b"", signature[:-1], signature + b"\0", b"\xff" * 70, bytes(64)):
        assert not holds(key, broken, b"message")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key \udcff",
        pem(KEY)[:-40],
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["empty", "words", "cut", "p384", "ed25519", "rsa"],
)
def test_what_is_no_p256_key_is_none(text: str) -> None:
    assert p256_key(text) is None
