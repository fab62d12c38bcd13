# SPDX-License-Identifier: Apache-2.0
"""No proof raises or dawdles, whatever bytes it is given."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.scan.proof import AROUND, PROOFS, Proof, judge
from pipeline_guard.scan.sample import MAKERS, expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PREFIXES = (
    b"", b"ghp_", b"github_pat_", b"glpat-", b"pypi-", b"sk-ant-api03-", b"AKIA", b"hvs.CAES", b"ABSK", b"bedrock-api-key-", b"eyJ",
    b"\x02", b"\x30\x82", b"\xfe\xed\xfe\xed\0\0\0\2", b"\xce\xce\xce\xce\0\0\0\1", b"\x95", b"\xc5", b"[", b"{", b"0x", b"xprv", b"nsec1",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"-----BEGIN RSA PRIVATE KEY-----\n", b"PuTTY-User-Key-File-3: a\nEncryption: none\n",
    b"PrivateKey-", b"oy2", b"SG.", b"xoxb-", b"otpauth://totp/?secret=",
)  # fmt: skip


@cache
def samples() -> tuple[bytes, ...]:
    """One sample of every maker, made once."""
    return tuple(expand_bytes(f"{{make:{name}}}") for name in sorted(MAKERS))


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_noise_behind_every_prefix_is_answered(name: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.sampled_from(PREFIXES), st.binary(max_size=300), st.booleans())
    def answered(prefix: bytes, noise: bytes, armoured: bool) -> None:
        value = prefix + (base64.b64encode(noise) if armoured else noise)
        assert isinstance(PROOFS[name](value, NOW), Proof)

    answered()


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_foreign_and_cut_samples_are_answered(name: str) -> None:
    for sample in samples():
        for value in (sample, sample[: len(sample) // 2], sample[:-1], sample[3:], sample.replace(b"A", "é".encode()), sample.upper()):
            assert isinstance(PROOFS[name](value, NOW), Proof)


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_huge_values_take_bounded_time(name: str) -> None:
    begin = time.process_time()
    for body in (b"A" * 60_000, b"1" * 60_000, b"\x82" * 60_000, b"[" * 60_000, b"abandon " * 7_000, b"\n" * 60_000, b'{"a":' * 12_000):
        for prefix in (b"", b"eyJ", b"pypi-", b"\x30\x82", b"\xfe\xed\xfe\xed\0\0\0\2\xff\xff\xff\xff", b"-----BEGIN PRIVATE KEY-----\n"):
            PROOFS[name](prefix + body, NOW)
    assert time.process_time() - begin < 20  # seconds, with room for a loaded machine; each takes far less than one


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(AROUND)), st.binary(max_size=400), st.integers(0, 400), st.integers(0, 400))
def test_surroundings_may_be_anything(name: str, text: bytes, start: int, end: int) -> None:
    assert isinstance(judge(name, text, (min(start, len(text)), min(max(start, end), len(text))), NOW), Proof)
