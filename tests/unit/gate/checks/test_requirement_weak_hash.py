# SPDX-License-Identifier: Apache-2.0
"""requirement-weak-hash."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.requirement_weak_hash import check
from pipeline_guard.gate.manifest.requirements import parse
from pipeline_guard.model.gate_settings import GateSettings


def failing(text: str) -> list[str]:
    return [problem.what for problem in check(parse(text.encode(), "requirements.txt"), GateSettings())]


@pytest.mark.parametrize("written", [f"sha256:{'aB' * 32}", f"sha384:{'a' * 96}", f"sha512:{'a' * 128}"])
def test_strong_hashes_pass(written: str) -> None:
    assert failing(f"a==1 --hash={written}") == []


@pytest.mark.parametrize("written", [f"md5:{'a' * 32}", f"sha1:{'a' * 40}", f"sha224:{'a' * 56}", f"crc:{'a' * 64}"])
def test_weak_and_unknown_hashes_fail(written: str) -> None:
    assert failing(f"a==1 --hash={written}") == [f"a ({written.partition(':')[0]})"]


@pytest.mark.parametrize("value", ["", "a" * 63, "a" * 65, "g" * 64])
def test_malformed_hashes_fail(value: str) -> None:
    assert failing(f"a==1 --hash=sha256:{value}") == ["a (sha256, malformed)"]


def test_one_weak_hash_beside_strong_ones_fails_because_one_match_suffices() -> None:
    assert failing(f"a==1 --hash=sha256:{'a' * 64} --hash=md5:{'a' * 32}") == ["a (md5)"]


def test_a_weak_hash_in_a_url_fails() -> None:
    assert failing(f"a @ https://h.example/a.whl#md5={'a' * 32}") == ["a (md5)"]
