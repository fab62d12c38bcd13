# SPDX-License-Identifier: Apache-2.0
"""The table of proofs: a name for each, and surroundings for those that ask for them."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_guard.scan.proof import AROUND, NO_TEST, PROOFS, Kind, Proof, State, judge
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_there_are_many_distinct_proofs() -> None:
    assert len(PROOFS) >= 70
    assert len({id(check) for check in PROOFS.values()}) == len(PROOFS)


def test_rule_without_a_proof_has_no_test() -> None:
    assert judge("", b"text", (0, 4), NOW) == NO_TEST


def test_surroundings_reach_those_that_ask_and_no_further_than_they_belong() -> None:
    text = expand_bytes("{make:vapid}").strip()
    far = text[:-43] + b"\n" * 3000 + text[-43:]
    assert judge("vapid", text, (len(text) - 43, len(text)), NOW).state is State.VERIFIED
    assert judge("vapid", far, (len(far) - 43, len(far)), NOW).state is State.NO_TEST
    assert set(AROUND) <= set(PROOFS)


def test_every_lesser_kind_brings_its_own_severity() -> None:
    from pipeline_guard.scan.proofs import outcome

    kinds = [value for value in vars(outcome).values() if isinstance(value, Proof) and value.kind is not Kind.LIVE]
    assert len(kinds) == 7
    assert all(value.severity is not None and value.note for value in kinds)
