# SPDX-License-Identifier: Apache-2.0
"""Signatures of plain blobs by bare keys, by every key that takes a digest."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.sign.statement import BLOB
from pipeline_guard.sign.verify import verify_bundle

CONTENT = b"hello\n"
P256, P384, RSA = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)
SCHEMES: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "p256-sha256": (P256, (ec.ECDSA(hashes.SHA256()),), "SHA2_256"),
    "p384-sha384": (P384, (ec.ECDSA(hashes.SHA384()),), "SHA2_384"),
    "p384-sha256": (P384, (ec.ECDSA(hashes.SHA256()),), "SHA2_256"),
    "rsa-pkcs1": (RSA, (padding.PKCS1v15(), hashes.SHA256()), "SHA2_256"),
}


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def bundle(signature: bytes, algorithm: str, content: bytes = CONTENT) -> bytes:
    name = {"SHA2_256": "sha256", "SHA2_384": "sha384"}.get(algorithm, "sha256")
    digest = base64.b64encode(hashlib.new(name, content).digest()).decode()
    message = {"messageDigest": {"algorithm": algorithm, "digest": digest}, "signature": base64.b64encode(signature).decode()}
    material = {"publicKey": {"hint": ""}}
    return json.dumps(
        {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material, "messageSignature": message}
    ).encode()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_blob_signed_by_its_digest_verifies_and_another_does_not(scheme: str) -> None:
    key, how, algorithm = SCHEMES[scheme]
    signature = key.sign(CONTENT, *how)
    statement = verify_bundle(bundle(signature, algorithm), pem(key), "b")
    name = "sha384" if algorithm == "SHA2_384" else "sha256"
    assert statement.subjects[0].digest == Digest(name, hashlib.new(name, CONTENT).hexdigest())
    assert (statement.predicate_type, statement.predicate) == (BLOB, {})
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_bundle(bundle(signature, algorithm, b"hellO\n"), pem(key), "b")
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_bundle(bundle(signature, algorithm), pem(ec.generate_private_key(ec.SECP256R1())), "b")


def test_a_key_that_signs_content_says_nothing_of_a_digest() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    for message in (CONTENT, hashlib.sha256(CONTENT).digest()):
        with pytest.raises(IntegrityError, match="does not verify"):
            verify_bundle(bundle(key.sign(message), "SHA2_256"), pem(key), "b")


def test_a_digest_that_the_key_does_not_sign_is_refused() -> None:
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_bundle(bundle(P256.sign(CONTENT, ec.ECDSA(hashes.SHA384())), "SHA2_384"), pem(P256), "b")


@pytest.mark.parametrize("algorithm", ["SHA2_224", "SHA1", "sha256", "HASH_ALGORITHM_UNSPECIFIED", ""])
def test_other_digests_are_refused(algorithm: str) -> None:
    with pytest.raises(IntegrityError, match=r"digest is of a kind|algorithm"):
        verify_bundle(bundle(P256.sign(CONTENT, ec.ECDSA(hashes.SHA256())), algorithm), pem(P256), "b")


def test_raw_numbers_side_by_side_are_no_signature_of_a_blob() -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(P256.sign(CONTENT, ec.ECDSA(hashes.SHA256())))
    with pytest.raises(IntegrityError, match="does not verify"):
        verify_bundle(bundle(r.to_bytes(32) + s.to_bytes(32), "SHA2_256"), pem(P256), "b")
