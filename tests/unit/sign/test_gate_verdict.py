# SPDX-License-Identifier: Apache-2.0
"""Verdicts as statements: what they say, and every reason not to believe one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.occasion import Occasion
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.verdict import Outcome
from pipeline_guard.sign.gate_verdict import Claimed, check_verdict, read_verdict, verdict_payload
from pipeline_guard.sign.statement import read_statement

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OCCASION = Occasion("github:1", "7", "a" * 40, "b" * 40, "", "c" * 40, "d" * 64, "e" * 64, "0.9", "f" * 64)
REPORT = Digest.sha256(b"report")


def verified(payload: bytes) -> VerifiedStatement:
    statement = read_statement(payload, "v.json")
    return VerifiedStatement(statement.subjects, statement.predicate_type, statement.predicate, Digest.sha256(payload), "0" * 64)


def claimed(occasion: Occasion = OCCASION, outcome: Outcome = Outcome.ALLOW, time: datetime = NOW) -> Claimed:
    return read_verdict(verified(verdict_payload(occasion, outcome, time, REPORT)), "v.json")


def test_verdict_comes_back_as_it_was_signed() -> None:
    assert claimed() == Claimed(OCCASION, "allow", NOW, REPORT.hex)
    check_verdict(claimed(), asdict(OCCASION), NOW, HOUR, "v.json")


def test_other_readers_find_a_verification_summary_about_the_commit() -> None:
    document = json.loads(verdict_payload(OCCASION, Outcome.BLOCK, NOW, REPORT))
    assert document["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert document["subject"][0]["digest"]["gitCommit"] == "a" * 40
    assert document["predicate"]["verificationResult"] == "FAILED"
    assert {"verifier", "timeVerified", "resourceUri", "policy", "verifiedLevels"} <= document["predicate"].keys()


@pytest.mark.parametrize("field", list(asdict(OCCASION)))
def test_each_field_that_differs_has_its_own_reason(field: str) -> None:
    other = replace(OCCASION, **{field: "9" * 40})
    with pytest.raises(IntegrityError, match="made ") as caught:
        check_verdict(claimed(other), asdict(OCCASION), NOW, HOUR, "v.json")
    reasons = set()
    for each in asdict(OCCASION):
        with pytest.raises(IntegrityError) as one:
            check_verdict(claimed(replace(OCCASION, **{each: "9" * 40})), asdict(OCCASION), NOW, HOUR, "v.json")
        reasons.add(one.value.what.split(":")[1])
    assert len(reasons) == len(asdict(OCCASION))
    assert caught.value.what.split(":")[1] in reasons


@pytest.mark.parametrize(
    ("outcome", "time", "says"),
    [
        (Outcome.BLOCK, NOW, "the verdict is block"),
        (Outcome.INCOMPLETE, NOW, "the verdict is incomplete"),
        (Outcome.ALLOW, NOW - HOUR - timedelta(seconds=1), "expired"),
        (Outcome.ALLOW, NOW + timedelta(minutes=6), "yet to come"),
    ],
)
def test_other_answers_and_other_times_are_refused(outcome: Outcome, time: datetime, says: str) -> None:
    with pytest.raises(IntegrityError, match=says):
        check_verdict(claimed(outcome=outcome, time=time), asdict(OCCASION), NOW, HOUR, "v.json")


def edited(edit: Any) -> VerifiedStatement:
    document = json.loads(verdict_payload(OCCASION, Outcome.ALLOW, NOW, REPORT))
    edit(document)
    return verified(json.dumps(document).encode())


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda document: document["predicate"]["verifier"].update(id="urn:somebody"),
        lambda document: document["predicate"].pop("verifier"),
        lambda document: document["predicate"].pop("pipelineGuardGate"),
        lambda document: document["predicate"]["pipelineGuardGate"].update(head="9" * 40),
        lambda document: document["predicate"]["pipelineGuardGate"].update(head=7),
        lambda document: document["predicate"]["pipelineGuardGate"].update(outcome="block"),
        lambda document: document["predicate"].update(verificationResult="FAILED"),
        lambda document: document["predicate"].update(timeVerified="yesterday"),
        lambda document: document["subject"].append({"name": "x", "digest": {"sha256": "0" * 64}}),
    ],
)
def test_statement_that_is_no_whole_verdict_is_refused(edit: Any) -> None:
    with pytest.raises(IntegrityError):
        read_verdict(edited(edit), "v.json")
