# SPDX-License-Identifier: Apache-2.0
"""M of N: replay, substitution and every other way to have fewer people than the policy asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.keys.approval import Request, Rule, judge, parse_request, write_approval

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PEOPLE = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("alice", "bob", "carol", "mallory")}
ASKED = Request(
    operation="destroy",
    object="store",
    object_id="ab" * 16,
    parameters={"version": "1", "wait": "0"},
    why="end of life",
    requester="user:dave",
    policy_digest="cd" * 32,
    nonce="ef" * 16,
    expires=(NOW + timedelta(days=1)).isoformat(),
)


def pem(name: str) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return PEOPLE[name].public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def approval(name: str, request: Request = ASKED, *, key: str = "", signed: Request | None = None) -> tuple[str, bytes]:
    signature = PEOPLE[key or name].sign((signed or request).message(), ec.ECDSA(hashes.SHA256()))
    return f"{name}.json", write_approval(request, name, signature)


RULE = Rule(2, {name: pem(name) for name in ("alice", "bob", "carol")})


def test_enough_approvers_are_enough_whoever_they_are() -> None:
    assert judge(ASKED, [approval("alice"), approval("carol")], RULE, NOW) == (ASKED, ("alice", "carol"))
    assert judge(ASKED, [approval(name) for name in ("carol", "bob", "alice")], RULE, NOW)[1] == ("alice", "bob", "carol")


def test_nonce_and_end_are_those_of_the_approved_request() -> None:
    unnamed = replace(ASKED, nonce="", expires=NOW.isoformat())
    assert judge(unnamed, [approval("alice"), approval("bob")], RULE, NOW)[0].nonce == ASKED.nonce


@pytest.mark.parametrize(
    "given",
    [
        list,
        lambda: [approval("alice")],
        lambda: [approval("alice"), approval("alice")],
        lambda: [approval("alice"), approval("mallory")],
        lambda: [approval("alice"), approval("bob", key="mallory")],
        lambda: [approval("alice"), approval("bob", key="alice")],
    ],
    ids=["nobody", "one", "one twice", "a stranger", "a stranger in bob's name", "alice in bob's name"],
)
def test_too_few_or_the_wrong_people_are_refused(given: Callable[[], list[tuple[str, bytes]]]) -> None:
    with pytest.raises(Denied):
        judge(ASKED, given(), RULE, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "recover"},
        {"object": "other"},
        {"object_id": "00"},
        {"parameters": {"version": "2", "wait": "0"}},
        {"parameters": {"version": "1", "wait": "0", "crypto-erase": "true"}},
        {"parameters": {"version": "1"}},
        {"why": "another reason"},
        {"requester": "user:eve"},
        {"policy_digest": "00"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_approvals_of_something_else_are_refused(change: dict[str, object]) -> None:
    other = replace(ASKED, **change)
    with pytest.raises(Denied):
        judge(ASKED, [approval("alice", other), approval("bob", other)], RULE, NOW)
    # and a request edited after it was signed
    with pytest.raises(Denied):
        judge(other, [approval("alice", other, signed=ASKED), approval("bob", other, signed=ASKED)], RULE, NOW)


def test_approvals_of_two_requests_do_not_add_up() -> None:
    with pytest.raises(Denied, match="another request"):
        judge(ASKED, [approval("alice"), approval("bob", replace(ASKED, nonce="11"))], RULE, NOW)


def test_approvals_lapse_with_their_request() -> None:
    with pytest.raises(Denied, match="expired"):
        judge(ASKED, [approval("alice"), approval("bob")], RULE, NOW + timedelta(days=1))


def test_whoever_asks_does_not_approve() -> None:
    own = replace(ASKED, requester="user:alice")
    with pytest.raises(Denied, match="cannot approve"):
        judge(own, [approval("alice", own), approval("bob", own)], RULE, NOW)


def test_two_names_for_one_key_are_one_person() -> None:
    rule = Rule(2, {"alice": pem("alice"), "alice-too": pem("alice")})
    name, content = approval("alice")
    with pytest.raises(Denied, match="needs 2"):
        judge(ASKED, [(name, content), ("too.json", content.replace(b'"alice"', b'"alice-too"'))], rule, NOW)


def test_request_comes_back_as_it_was_written() -> None:
    assert parse_request(ASKED.body(), "r.json") == ASKED


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        ASKED.body()[:-2],
        ASKED.body().replace(b'"wait":"0"', b'"wait":0'),
        ASKED.body().replace(b'"nonce"', b'"once"'),
        ASKED.body().replace(b'"why"', b'"more":"x","why"'),
        ASKED.body().replace(b'"why"', b'"why":"x","why"'),
        ASKED.body().replace(b"+00:00", b""),
        ASKED.body().replace(ASKED.expires.encode(), b"soon"),
    ],
)
def test_what_is_no_request_is_refused(broken: bytes) -> None:
    with pytest.raises(UsageError):
        parse_request(broken, "r.json")


def test_what_is_no_approval_is_refused() -> None:
    name, good = approval("alice")
    for change in ({"signature": 1}, {"signature": "%%%"}, {"approver": None}, {"schema": "x"}, {"request": []}):
        with pytest.raises(UsageError):
            judge(ASKED, [(name, json.dumps({**json.loads(good), **change}).encode())], RULE, NOW)


def test_approvers_keys_must_be_p256() -> None:
    with pytest.raises(UsageError, match="approver's key"):
        judge(ASKED, [approval("alice")], Rule(1, {"alice": "no key"}), NOW)
