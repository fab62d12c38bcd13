# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.sign.predicate import BESIDE, TEST_RESULT, VSA, WORDS, is_of, read_predicate, type_uri, word_for
from pipeline_guard.sign.statement import PROVENANCE

BUILT = {"buildDefinition": {"buildType": "urn:x"}, "runDetails": {"builder": {"id": "urn:y"}}}
SUMMARY = {"verifier": {"id": "urn:v"}, "resourceUri": "urn:r", "verificationResult": "FAILED"}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (BUILT, PROVENANCE),
        (SUMMARY, VSA),
        ({"result": "WARNED"}, TEST_RESULT),
        ({"bomFormat": "CycloneDX", "specVersion": "1.7", "x": 0.5}, WORDS["cyclonedx"]),
        ({"spdxVersion": "SPDX-2.3"}, WORDS["spdx"]),
        ({"@graph": []}, "https://spdx.dev/Document/v3"),
        ({}, "https://example.org/x"),
    ],
)
def test_a_predicate_that_is_what_its_type_says_is_read(document: dict[str, Any], kind: str) -> None:
    assert read_predicate(json.dumps(document).encode(), kind, "p.json") == document


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "https://example.org/x"),
        (b"[]", "https://example.org/x"),
        (b'{"a":1,"a":2}', "https://example.org/x"),
        (b'{"a":NaN}', "https://example.org/x"),
        (b'{"_type":"x","predicateType":"y"}', "https://example.org/x"),
        (b'{"payloadType":"x"}', "https://example.org/x"),
        (json.dumps({"buildDefinition": {}}).encode(), PROVENANCE),
        (json.dumps(SUMMARY | {"verificationResult": "passed"}).encode(), VSA),
        (json.dumps({**SUMMARY, "verifier": "urn:v"}).encode(), VSA),
        (b'{"result":"GREEN"}', TEST_RESULT),
        (b"{}", WORDS["cyclonedx"]),
        (b"{}", WORDS["spdx"]),
    ],
)
def test_a_predicate_that_would_be_an_untrue_statement_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(UsageError, match=r"p\.json"):
        read_predicate(content, kind, "p.json")


def test_words_stand_for_types_and_anything_else_is_a_uri() -> None:
    assert type_uri("vsa") == VSA
    assert type_uri("https://example.org/x") == "https://example.org/x"
    for wrong in ("", "vsaa", "example.org/x", "https://example.org/ x", "https://exämple.org"):
        with pytest.raises(UsageError) as caught:
            type_uri(wrong)
        assert caught.value.hint


def test_boms_are_recognised_with_and_without_their_version() -> None:
    assert is_of("https://cyclonedx.org/bom/v1.6", "cyclonedx")
    assert is_of("https://spdx.dev/Document/v3", "spdx")
    assert not is_of("https://cyclonedx.org/bombast", "cyclonedx")
    assert [word_for(WORDS[word]) for word in ("slsaprovenance", "cyclonedx", "spdx", "vsa")] == ["provenance", "cyclonedx", "spdx", "vsa"]
    assert word_for("https://example.org/x") == "attestation"
    assert {word_for(uri) for word, uri in WORDS.items() if word not in ("blob", "model")} <= set(BESIDE)
