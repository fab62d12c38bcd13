# SPDX-License-Identifier: Apache-2.0
"""Made-up values: sequences and repetitions are told from what chance would give."""

from __future__ import annotations

import hashlib

import pytest

from pipeline_guard.scan import dummy


@pytest.mark.parametrize(
    "value",
    [
        b"abcdefghijklmnopqrstuvwx",
        b"1234567890abcdef1234567890abcdef",
        b"AbCdEfGhIjKlMnOpQrStUv",
        b"abcd1234abcd5678abcd9012abcd3456",
        b"ZYXWVUTSRQPONMLKJIHG",
        b"12345678-ABCD-ABCD-ABCD-1234567890AB",
        b"123e4567-e89b-12d3-a456-426614174000",
        b"acme_live_abcdefghijklmnop123456",
        b"k3xqk3xqk3xqk3xqk3xq",
    ],
)
def test_sequences_and_repetitions_are_made_up(value: bytes) -> None:
    assert dummy.is_made_up(value)


@pytest.mark.parametrize("value", [b"Kp4Qx7Rm2Sn5Tb8Vw3Yz", b"39bd4eecd4534c9808f4df2988459df7", b"abc123", b"", b"--__--"])
def test_random_and_short_values_are_not(value: bytes) -> None:
    assert not dummy.is_made_up(value)


def test_one_letter_over_and_over_is_nothing_to_show() -> None:
    assert dummy.is_one_letter(b"sk_live_" + b"0" * 24)
    assert not dummy.is_one_letter(b"sk_live_abcdefghijklmnop")


def test_digests_are_hardly_ever_made_up() -> None:
    digests = [hashlib.sha256(b"%d" % number).hexdigest()[:32].encode() for number in range(2000)]
    assert not [digest for digest in digests if dummy.is_made_up(digest)]
