# SPDX-License-Identifier: Apache-2.0
"""Keys of wallets beyond their checksums: test networks, encrypted ones, values that cannot be keys."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_keys_of_test_networks_are_low() -> None:
    for maker, proof in (("wif-test", "wif"), ("extended-key-test", "extended-key")):
        verdict = PROOFS[proof](expand_bytes(f"{{make:{maker}}}"), NOW)
        assert (verdict.kind, verdict.severity) == (Kind.TEST, Severity.LOW)


def test_encrypted_keys_are_lesser() -> None:
    for maker, proof in (("bip38", "bip38"), ("tezos-sealed", "tezos")):
        verdict = PROOFS[proof](expand_bytes(f"{{make:{maker}}}"), NOW)
        assert (verdict.kind, verdict.severity) == (Kind.ENCRYPTED, Severity.MEDIUM)
    assert PROOFS["ethereum-keystore"](b"ab" * 32, NOW).kind is Kind.ENCRYPTED


def test_numbers_outside_the_curve_are_no_keys() -> None:
    assert PROOFS["secp256k1"](b"0x" + b"f" * 64, NOW).state is State.NO_SECRET
    assert PROOFS["secp256k1"](b"0x" + b"0" * 63 + b"1", NOW).state is State.NO_SECRET
    assert PROOFS["secp256k1"](expand_bytes("0x7{hex:63}"), NOW).state is State.NO_TEST
    assert PROOFS["monero-hex"](expand_bytes("{hex:62}f0"), NOW).state is State.NO_SECRET
    assert PROOFS["monero-hex"](expand_bytes("{hex:62}0a"), NOW).state is State.NO_TEST


def test_numbers_of_a_key_pair_file_must_be_a_pair() -> None:
    value = expand_bytes("{make:solana-list}")
    assert PROOFS["ed25519-pair"](value, NOW).state is State.VERIFIED
    numbers = value[1:-1].split(b",")
    for place in range(64):
        changed = numbers.copy()
        changed[place] = b"%d" % (int(numbers[place]) ^ 1)
        assert PROOFS["ed25519-pair"](b"[" + b",".join(changed) + b"]", NOW).state is State.NO_SECRET
    assert PROOFS["ed25519-pair"](b"[" + b",".join([b"300"] * 64) + b"]", NOW).state is State.NO_SECRET


def test_mixed_case_is_no_bech32() -> None:
    nostr = expand_bytes("{make:nostr}")
    assert PROOFS["bech32-key"](nostr.upper(), NOW).state is State.VERIFIED
    assert PROOFS["bech32-key"](nostr[:20].upper() + nostr[20:], NOW).state is State.NO_SECRET
    age = expand_bytes("{make:age}")
    assert PROOFS["age"](age.lower(), NOW).state is State.VERIFIED
    assert PROOFS["age"](age[:20].lower() + age[20:], NOW).state is State.CONTRADICTED


def test_wireguard_key_is_told_by_its_clamped_bits() -> None:
    assert "clamped" in PROOFS["wireguard"](expand_bytes("{make:wireguard}"), NOW).note
    assert PROOFS["wireguard"](b"A" * 43 + b"=", NOW).state is State.NO_SECRET
