# SPDX-License-Identifier: Apache-2.0
"""ML-DSA-65 beside a real token that does not have it."""

from __future__ import annotations

import pytest

from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.software_key import WithSoftwareKeys
from pipeline_guard.errors import GuardError, Unavailable
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.sign.public_key import load


@pytest.fixture
def made(token: Pkcs11Token) -> tuple[WithSoftwareKeys, KeyRecord]:
    beside = WithSoftwareKeys(token, makes=True)
    return beside, beside.create("quantum", 1, KeyType.ML_DSA_65, KeyUsage.SIGN)


def test_it_signs_so_that_cryptography_verifies_and_says_that_it_is_software(made: tuple[WithSoftwareKeys, KeyRecord]) -> None:
    beside, record = made
    assert record.in_software
    assert record.ref.type is KeyType.ML_DSA_65
    public = load(record.public_pem)
    signature = beside.sign(record.ref, b"message")
    assert len(signature) == 3309
    assert public.accepts(signature, b"message")
    assert not public.accepts(signature, b"massage")


def test_the_token_alone_gives_the_same_key_again_to_another_process(token: Pkcs11Token, made: tuple[WithSoftwareKeys, KeyRecord]) -> None:
    _, record = made
    assert load(record.public_pem).accepts(WithSoftwareKeys(token).sign(record.ref, b"message"), b"message")


def test_it_is_only_made_where_that_was_asked_for(token: Pkcs11Token) -> None:
    with pytest.raises(Unavailable, match="ml-dsa-65"):
        WithSoftwareKeys(token).create("quantum", 1, KeyType.ML_DSA_65, KeyUsage.SIGN)


def test_a_destroyed_key_never_signs_again(made: tuple[WithSoftwareKeys, KeyRecord]) -> None:
    beside, record = made
    beside.destroy(record.ref)
    with pytest.raises(GuardError):
        beside.sign(record.ref, b"message")
