# SPDX-License-Identifier: Apache-2.0
"""Every format with a check: a whole value holds, and a change of any one character that the check covers is seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.scan.proof import PROOFS, State
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CONTRADICTED, NO_TEST, NO_SECRET = State.CONTRADICTED, State.NO_TEST, State.NO_SECRET

# template, proof, first covered character, characters at the end that the check does not cover, what a failed check says
CASES = [
    ("ghp_{crc62:30}", "github-classic", 4, 0, CONTRADICTED),
    ("npm_{crc62:30}", "github-classic", 4, 0, CONTRADICTED),
    ("{make:github-pat}", "github-fine-grained", 11, 8, NO_TEST),
    ("{make:gitlab-routable}", "gitlab-routable", 6, 0, CONTRADICTED),
    ("{make:vercel}", "vercel", 4, 0, CONTRADICTED),
    ("{make:cloudflare}", "cloudflare", 5, 0, CONTRADICTED),
    ("{make:confluent}", "confluent", 4, 0, CONTRADICTED),
    ("{make:atlassian}", "atlassian", 0, 0, CONTRADICTED),
    ("{make:bitbucket}", "atlassian", 0, 0, CONTRADICTED),
    ("{make:zuplo}", "zuplo", 5, 0, CONTRADICTED),
    ("{make:grafana-account}", "grafana-account", 0, 0, CONTRADICTED),
    ("{make:entra}", "entra-secret", 6, 0, CONTRADICTED),
    ("{make:azure-storage}", "azure-key", 0, 12, CONTRADICTED),
    ("{make:azure-redis}", "azure-key", 0, 11, CONTRADICTED),
    ("{make:azure-cosmos}", "azure-key", 0, 12, NO_TEST),
    ("{make:azure-batch}", "azure-key", 0, 12, NO_TEST),
    ("{make:azure-iot}", "azure-key", 0, 11, NO_TEST),
    ("{make:azure-service-bus}", "azure-key", 0, 11, NO_TEST),
    ("{make:azure-search}", "azure-key", 0, 10, NO_TEST),
    ("{make:azure-functions}", "azure-key", 0, 12, NO_TEST),
    ("{make:azure-cask-ai}", "azure-cask", 0, 0, NO_TEST),
    ("{make:azure-cask-devops}", "azure-cask", 0, 0, NO_TEST),
    ("{make:nuget-cask}", "azure-cask", 0, 0, NO_TEST),
    ("{make:azure-devops}", "azure-devops", 0, 1, NO_TEST),
    ("{make:synapse}", "synapse", 0, 0, NO_TEST),
    ("{make:matrix-service}", "matrix-service", 0, 0, NO_TEST),
    ("{make:polar}", "polar", 10, 0, NO_TEST),
    ("{make:age}", "age", 0, 0, CONTRADICTED),
    ("{make:age-quantum}", "age", 0, 0, CONTRADICTED),
    ("{make:nostr}", "bech32-key", 0, 0, NO_SECRET),
    ("{make:sui}", "bech32-key", 0, 0, NO_SECRET),
    ("{make:cardano-bech32}", "bech32-key", 0, 0, NO_SECRET),
    ("{make:stellar}", "crc16-seed", 0, 0, NO_SECRET),
    ("{make:nats}", "crc16-seed", 0, 0, NO_SECRET),
    ("{make:extended-key}", "extended-key", 0, 0, NO_SECRET),
    ("{make:extended-key-test}", "extended-key", 0, 0, NO_SECRET),
    ("{make:wif}", "wif", 0, 0, NO_SECRET),
    ("{make:wif-old}", "wif", 0, 0, NO_SECRET),
    ("{make:wif-test}", "wif", 0, 0, NO_SECRET),
    ("{make:bip38}", "bip38", 0, 0, NO_SECRET),
    ("{make:avalanche}", "avalanche", 11, 0, NO_SECRET),
    ("{make:ripple}", "ripple", 0, 0, NO_SECRET),
    ("{make:ripple-ed25519}", "ripple", 0, 0, NO_SECRET),
    ("{make:tezos}", "tezos", 0, 0, NO_SECRET),
    ("{make:tezos-sealed}", "tezos", 0, 0, NO_SECRET),
    ("{make:solana}", "ed25519-pair", 0, 0, NO_SECRET),
    ("{make:near}", "ed25519-pair", 8, 0, NO_SECRET),
]
# What marks a version or a service: without it the format is another, of which nothing is known
MARKS = (b".01.", b"+ASt", b"AzCa")
IDS = [f"{proof}-{template}" for template, proof, *_ in CASES]
_NEIGHBOURS = (b"ABCDEFGH", b"abcdefgh", b"23456789", b"PQRSTUVW", b"mnopqrst", b"vwxyz234")


def other(character: bytes) -> bytes:
    """Return another character that may stand in the same alphabet."""
    for row in _NEIGHBOURS:
        if character in row:
            return row[row.index(character) ^ 1 :][:1]
    return {b"0": b"2", b"1": b"3", b"-": b"a", b"_": b"b", b"+": b"A", b"/": b"B", b"=": b"A"}.get(
        character, b"Q" if character.isupper() else b"q"
    )


@pytest.mark.parametrize(("template", "proof", "first", "rest", "otherwise"), CASES, ids=IDS)
def test_whole_value_is_verified(template: str, proof: str, first: int, rest: int, otherwise: State) -> None:
    for number in range(20):
        assert PROOFS[proof](expand_bytes(template, str(number)), NOW).state is State.VERIFIED


@pytest.mark.parametrize(("template", "proof", "first", "rest", "otherwise"), CASES, ids=IDS)
def test_change_of_any_covered_character_is_seen(template: str, proof: str, first: int, rest: int, otherwise: State) -> None:
    value = expand_bytes(template, "one")
    for place in range(first, len(value) - rest):
        mutated = value[:place] + other(value[place : place + 1]) + value[place + 1 :]
        assert mutated != value
        unmarked = any(mark in value and mark not in mutated for mark in MARKS)
        assert PROOFS[proof](mutated, NOW).state is (NO_TEST if unmarked else otherwise), place


@pytest.mark.parametrize(("template", "proof", "first", "rest", "otherwise"), CASES, ids=IDS)
def test_value_cut_or_drawn_out_is_not_verified(template: str, proof: str, first: int, rest: int, otherwise: State) -> None:
    value = expand_bytes(template, "one")
    whole = value.rstrip(b"=")  # padding may be left out
    for mutated in (whole[:-1], whole[:-6], whole + b"A", value[:20], b"", *((value[1:],) if not first else ())):
        assert PROOFS[proof](mutated, NOW).state is not State.VERIFIED, len(mutated)
