# SPDX-License-Identifier: Apache-2.0
"""OpenBao's transit engine: refusals, hostile answers, and what we send. The working side is the contract suite."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_guard.adapters.cloud.opening import open_service
from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.keys.boundary import judge
from pipeline_guard.model.boundary import Grade
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from tests.fakes.openbao import TOKEN, Transit, serve
from tests.fakes.signing import StandingClock


@pytest.fixture
def place() -> Iterator[tuple[CloudToken, Transit, str]]:
    with serve() as (address, transit):
        yield open_service(f"openbao://{address}/transit?scheme=http", pin="env:BAO", environ={"BAO": TOKEN}), transit, address


def uses(token: CloudToken) -> list[Any]:
    key = token.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN).ref
    wrapping = token.create("w", 1, KeyType.AES_256, KeyUsage.WRAP).ref
    wrapped = token.wrap(wrapping, Secret(b"k" * 32), b"row")
    return [
        lambda: token.create("n", 1, KeyType.EC_P256, KeyUsage.SIGN),
        lambda: token.sign(key, b"message"),
        lambda: token.wrap(wrapping, Secret(b"k" * 32), b"row"),
        lambda: token.unwrap(wrapping, wrapped, b"row"),
        lambda: token.describe("pkcs11:object=k%2F1"),
        lambda: token.destroy(key),
    ]


BROKEN = [(status, b'{"errors":["a text that people never see"]}') for status in (301, 400, 401, 403, 404, 405, 412, 429, 500, 502, 503)] + [
    (200, content) for content in (b"", b"<html>", b"[]", b'{"data":[]}', b'{"data":{"keys":7,"signature":7,"ciphertext":7,"plaintext":"*"}}', b"[" * 100_000, b"x" * 2_000_000)
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken[0]}-{broken[1][:12]!r}")
def test_whatever_the_server_answers_each_use_ends_in_one_error_of_ours(
    place: tuple[CloudToken, Transit, str], broken: tuple[int, bytes]
) -> None:
    token, transit, _ = place
    acts = uses(token)
    transit.broken = broken
    for act in acts[:5]:
        with pytest.raises(GuardError) as caught:
            act()
        assert not isinstance(caught.value, IntegrityError) or broken[0] == 400
        assert "never see" not in caught.value.what + caught.value.hint
        assert TOKEN not in caught.value.what + caught.value.hint
    transit.broken = None
    assert acts[1]()


def test_a_refused_token_is_denied_and_a_server_that_is_away_is_unavailable(place: tuple[CloudToken, Transit, str]) -> None:
    _, _, address = place
    refused = open_service(f"openbao://{address}/transit?scheme=http", pin="env:BAO", environ={"BAO": "another"})
    with pytest.raises(Denied, match="refuses"):
        refused.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = open_service(f"openbao://127.0.0.1:{closed.getsockname()[1]}/transit?scheme=http", pin="env:BAO", environ={"BAO": TOKEN})
        with pytest.raises(Unavailable, match="cannot be reached"):
            away.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


def test_a_wrapping_key_that_is_gone_is_not_made_anew_by_its_use(place: tuple[CloudToken, Transit, str]) -> None:
    token, transit, _ = place
    key = token.create("w", 1, KeyType.AES_256, KeyUsage.WRAP).ref
    token.destroy(key)
    with pytest.raises(Unavailable, match="not in OpenBao"):
        token.wrap(key, Secret(b"k" * 32), b"row")
    assert not transit.keys


def test_keys_are_made_without_a_way_out_and_the_token_travels_in_its_header_only(place: tuple[CloudToken, Transit, str]) -> None:
    token, transit, _ = place
    uses(token)
    assert all(headers.get("X-Vault-Token") == TOKEN for _, _, headers in transit.seen)
    assert not any(TOKEN in path for _, path, _ in transit.seen)
    assert TOKEN not in repr(vars(token._service))


def test_the_token_is_named_or_it_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not named"):
        open_service("openbao://127.0.0.1:1/transit?scheme=http", pin="", environ={})
    with pytest.raises(UsageError, match="address"):
        open_service("openbao:///transit", pin="env:BAO", environ={"BAO": TOKEN})


def test_a_service_is_judged_by_a_note_and_not_accepted_in_silence(place: tuple[CloudToken, Transit, str]) -> None:
    token, _, _ = place
    boundary = judge(token.token_facts(), token.probe(), StandingClock().now())
    assert boundary.grade is Grade.NOTE
    assert "provider" in boundary.findings[0].rule
