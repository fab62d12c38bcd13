# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.statement import BLOB, PROVENANCE, blob_payload, local_provenance_payload, read_statement

HEX = "ab" * 32
ONE = Subject("a.whl", Digest("sha256", HEX))
PLAIN = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "a.whl", "digest": {"sha256": HEX}}],
    "predicateType": BLOB,
    "predicate": {},
}


def test_a_blob_statement_has_one_spelling() -> None:
    expected = (
        '{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://sigstore.dev/cosign/sign/v1",'
        '"subject":[{"digest":{"sha256":"' + HEX + '"},"name":"a.whl"}]}'
    )
    assert blob_payload([ONE]) == expected.encode()


def test_local_provenance_claims_nothing_that_nobody_has_checked() -> None:
    statement = json.loads(local_provenance_payload([ONE]))
    assert statement["predicateType"] == PROVENANCE
    assert statement["predicate"] == {
        "buildDefinition": {"buildType": "urn:pipeline-guard:local-build:v1", "externalParameters": {}},
        "runDetails": {"builder": {"id": "urn:pipeline-guard:local-builder:v1"}},
    }


def test_two_subjects_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match=r"a\.whl"):
        blob_payload([ONE, Subject("a.whl", Digest("sha256", "00" * 32))])


def test_a_thousand_subjects_come_back_in_order() -> None:
    subjects = tuple(Subject(f"é{number}", Digest.sha256(b"%d" % number)) for number in range(1000))
    assert read_statement(blob_payload(subjects), "b").subjects == subjects


@pytest.mark.parametrize(
    "fields",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": None},
        {"subject": [{"digest": {"sha256": HEX}, "uri": "pkg:x", "annotations": {}}]},
        {"subject": [{"name": "", "digest": {"gitCommit": "1", "sha256": HEX.upper()}}]},
        {"surplus": 1},
    ],
)
def test_regular_statements_of_others_are_read(fields: dict[str, Any]) -> None:
    statement = read_statement(json.dumps({**PLAIN, **fields}).encode(), "b")
    assert statement.subjects[0].digest == Digest("sha256", HEX)
    assert statement.predicate == {}


def test_a_stronger_digest_alone_is_enough() -> None:
    statement = read_statement(json.dumps({**PLAIN, "subject": [{"name": "x", "digest": {"sha512": HEX * 2}}]}).encode(), "b")
    assert statement.subjects[0].digest == Digest("sha512", HEX * 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"_type": "https://in-toto.io/Statement/v2"},
        {"_type": []},
        {"subject": []},
        {"subject": {}},
        {"subject": [[]]},
        {"subject": [{"name": "x"}]},
        {"subject": [{"name": "x", "digest": {}}]},
        {"subject": [{"name": "x", "digest": {"md5": "00"}}]},
        {"subject": [{"name": "x", "digest": {"sha256": "00"}}]},
        {"subject": [{"name": "x", "digest": {"sha256": int("1" * 64)}}]},
        {"subject": [{"name": "x", "digest": {"sha256": None}}]},
        {"subject": [{"name": "x", "digest": "sha256"}]},
        {"subject": [{"name": 7, "digest": {"sha256": HEX}}]},
        {"subject": [{"name": "\ud800", "digest": {"sha256": HEX}}]},
        {"predicateType": ""},
        {"predicateType": None},
        {"predicateType": "a\nb"},
        {"predicateType": "\ud800"},
        {"predicate": []},
    ],
)
def test_an_irregular_statement_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_statement(json.dumps({**PLAIN, **fields}).encode(), "b")
    assert caught.value.hint


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b"{}", b"[" * 100_000, b'{"_type":1,"_type":2}'])
def test_what_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_statement(payload, "b")
