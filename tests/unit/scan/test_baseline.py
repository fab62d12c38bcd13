# SPDX-License-Identifier: Apache-2.0
"""Baselines hold no value and no place, and belong to one key."""

from __future__ import annotations

import json

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.finding import Confidence, Finding, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.scan.baseline import SCHEMA, parse, write


def _finding(fingerprint: str, confidence: Confidence = Confidence.HIGH) -> Finding:
    return Finding("r", "t", Severity.HIGH, confidence, Location("a/b.txt", 3), fingerprint, "p", "h")


def test_what_is_written_is_read_back() -> None:
    content = write([_finding("b"), _finding("a"), _finding("a"), _finding("c", Confidence.CONTRADICTED)], "key-1")
    assert parse(content, "x", "key-1") == {("r", "a"), ("r", "b")}
    assert b"b.txt" not in content


def test_another_key_is_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError) as caught:
        parse(write([_finding("a")], "key-1"), "x", "key-2")
    assert "PIPELINE_GUARD_FINGERPRINT_KEY" in caught.value.hint


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        json.dumps({"schema": SCHEMA}).encode(),
        json.dumps({"schema": SCHEMA, "key_id": "k", "findings": [5]}).encode(),
    ],
)
def test_rubbish_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        parse(content, "x", "k")
