# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.summary import Input, summary_payload

SUBJECTS = [Subject("app.whl", Digest.sha256(b"x"))]
TIME = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
POLICY = Digest.sha256(b"policy")


def made(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "policy_digest": POLICY,
        "policy_uri": "git+https://example.org/policy",
        "passed": True,
        "inputs": [Input(Digest.sha256(b"a"), "https://example.org/a"), Input(Digest.sha256(b"b"))],
        "levels": ["SLSA_BUILD_LEVEL_2"],
        "dependency_levels": {"SLSA_BUILD_LEVEL_1": 3},
    }
    verifier, time, resource = changed.pop("verifier", "urn:v"), changed.pop("time", TIME), changed.pop("resource", "pkg:pypi/app")
    found: dict[str, Any] = json.loads(summary_payload(SUBJECTS, verifier, time, resource, **{**given, **changed}))
    return found


def test_a_summary_has_every_field_of_the_format() -> None:
    statement = made()
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert statement["predicate"] == {
        "verifier": {"id": "urn:v"},
        "timeVerified": "2026-11-24T12:00:01Z",
        "resourceUri": "pkg:pypi/app",
        "policy": {"uri": "git+https://example.org/policy", "digest": {"sha256": POLICY.hex}},
        "inputAttestations": [
            {"uri": "https://example.org/a", "digest": {"sha256": Digest.sha256(b"a").hex}},
            {"digest": {"sha256": Digest.sha256(b"b").hex}},
        ],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
        "dependencyLevels": {"SLSA_BUILD_LEVEL_1": 3},
        "slsaVersion": "1.2",
    }


def test_a_failure_has_no_levels_and_time_is_told_in_utc() -> None:
    predicate = made(passed=False, levels=[], dependency_levels=None, time=TIME.astimezone(timezone(timedelta(hours=2))))["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", [])
    assert predicate["timeVerified"] == "2026-11-24T12:00:01Z"
    assert "dependencyLevels" not in predicate


@pytest.mark.parametrize(
    "changed",
    [
        {"verifier": ""},
        {"resource": ""},
        {"policy_uri": ""},
        {"time": TIME.replace(tzinfo=None)},
        {"levels": ["level 3"]},
        {"passed": False},
    ],
    ids=str,
)
def test_a_summary_that_readers_would_refuse_is_a_usage_error(changed: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        made(**changed)
    assert caught.value.hint
