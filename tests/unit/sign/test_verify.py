# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.bundle import write_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import BLOB, PROVENANCE, blob_payload
from pipeline_guard.sign.verify import verify_bundle
from tests.fakes.signing import SigningPlace
from tests.unit.sign.test_public_key import pem_of

VECTORS = Path(__file__).parents[2] / "vectors" / "sign" / "v1"
HELLO = Digest.sha256(b"hello\n")
OTHER = Digest.sha256(b"other\n")


def stored(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


PEM = stored("signing.pem").decode()


def test_bundles_of_the_first_version_verify_for_ever() -> None:
    assert verify_bundle(stored("hello.txt.sigstore.json"), PEM, "b").subjects == (Subject("hello.txt", HELLO),)
    assert verify_bundle(stored("both.sigstore.json"), PEM, "b").subjects == (Subject("hello.txt", HELLO), Subject("other.txt", OTHER))
    assert verify_bundle(stored("built.txt.sigstore.json"), PEM, "b").predicate_type == PROVENANCE


def test_a_verified_statement_says_what_was_signed_and_by_whom() -> None:
    statement = verify_bundle(stored("hello.txt.sigstore.json"), PEM, "b")
    assert (statement.predicate_type, statement.predicate) == (BLOB, {})
    assert statement.key_fingerprint == load(PEM).fingerprint
    assert statement.payload_digest == Digest.sha256(blob_payload([Subject("hello.txt", HELLO)]))


def test_another_key_is_refused_by_its_hint_and_without_a_hint_by_the_signature() -> None:
    other = SigningPlace().key.public_pem
    with pytest.raises(IntegrityError, match="b: made with another key"):
        verify_bundle(stored("hello.txt.sigstore.json"), other, "b")
    without = stored("hello.txt.sigstore.json").replace(load(PEM).hint.encode(), b"")
    assert verify_bundle(without, PEM, "b").subjects
    with pytest.raises(IntegrityError, match="b: the signature does not verify"):
        verify_bundle(without, other, "b")


def test_an_ed25519_bundle_verifies() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    payload = blob_payload([Subject("hello.txt", HELLO)])
    bundle = write_bundle(payload, private.sign(pae(payload)), "")
    assert verify_bundle(bundle, pem_of(private), "b").subjects == (Subject("hello.txt", HELLO),)


def test_a_bad_public_key_is_the_callers_fault() -> None:
    with pytest.raises(UsageError):
        verify_bundle(stored("hello.txt.sigstore.json"), "no key", "b")
