# SPDX-License-Identifier: Apache-2.0
"""Words and random letters are told apart by their letter triples."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.scan.letters import is_word, wordiness


@pytest.mark.parametrize(
    "name",
    ["authentication_endpoint", "AccessPointAttachments", "HASH_DIRECTORY", "publicIpv4Pools", "incorrect", "application/json"],
)
def test_names_are_words(name: str) -> None:
    assert wordiness(name.encode()) > 0.6


@pytest.mark.parametrize("alphabet", [string.ascii_lowercase + string.digits, string.ascii_letters + string.digits, "0123456789abcdef"])
def test_random_values_are_hardly_ever_words(alphabet: str) -> None:
    chance = random.Random(20)
    values = ["".join(chance.choice(alphabet) for _ in range(24)).encode() for _ in range(2000)]
    assert sum(wordiness(value) >= 0.5 for value in values) < 20


def test_two_letters_are_no_word() -> None:
    assert not is_word(b"is")
    assert is_word(b"this")


@given(st.binary(max_size=200))
def test_any_bytes_have_a_share_between_nothing_and_all(value: bytes) -> None:
    assert 0.0 <= wordiness(value) <= 1.0
