# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline_guard.errors import UsageError
from pipeline_guard.model.signature import SignatureVerdict
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.timeline import bare, from_document, judge, read_timeline
from tests.unit.sign.test_public_key import pem_of

OLD, NEW, STRANGER = (pem_of(ec.generate_private_key(ec.SECP256R1())) for _ in range(3))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def version(number: int, pem: str, **changed: Any) -> dict[str, Any]:
    dates = {"created": BEGIN.isoformat(), **dict.fromkeys(("activates", "expires", "stops", "deactivated", "compromised"))}
    made = {"version": number, "type": "ec-p256", "id": "aa", "state": "active", "revocation": "", "public_key": pem, **dates}
    given = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changed.items()}
    return {**made, **given}


def document(*versions: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "pipeline-guard/key-timeline/v1", "name": "signing", "exported": NOW.isoformat(), "versions": list(versions)}


def life(**changed: Any) -> KeyTimeline:
    """A key whose first version had this life, and whose second is in use."""
    return from_document(document(version(1, OLD, **changed), version(2, NEW, created=BEGIN + 100 * DAY)), "t")


ENDED = {"state": "deactivated", "deactivated": BEGIN + 100 * DAY}
REVOKED = {**ENDED, "revocation": "reason superseded"}
COMPROMISED = {
    "state": "compromised",
    "compromised": BEGIN + 50 * DAY,
    "deactivated": BEGIN + 100 * DAY,
    "revocation": "reason key-compromise",
}


@pytest.mark.parametrize(
    ("changed", "day", "verdict"),
    [
        ({}, None, "valid"),
        ({}, 10, "valid"),
        ({"stops": NOW + DAY}, None, "valid"),
        ({"expires": NOW - DAY, "stops": NOW + DAY}, None, "valid"),  # the grace behind the cryptoperiod
        ({"stops": NOW - DAY}, None, "untimestamped"),
        ({"stops": NOW}, None, "untimestamped"),
        ({"stops": BEGIN + 200 * DAY}, 199, "signed-before-expiry"),
        ({"stops": BEGIN + 200 * DAY}, 200, "expired"),
        (ENDED, None, "untimestamped"),
        (ENDED, 99, "signed-before-expiry"),
        (ENDED, 100, "expired"),
        ({**ENDED, "stops": BEGIN + 60 * DAY}, 80, "expired"),
        (REVOKED, None, "revoked"),
        (REVOKED, 99, "signed-before-revocation"),
        (REVOKED, 100, "revoked"),
        (COMPROMISED, None, "compromised"),
        (COMPROMISED, 49, "signed-before-revocation"),
        (COMPROMISED, 50, "compromised"),
        (COMPROMISED, 80, "compromised"),
        ({**COMPROMISED, "stops": BEGIN + 40 * DAY}, 45, "expired"),
        ({"state": "suspended"}, None, "suspended"),
        ({"state": "suspended"}, 10, "suspended"),
        ({"state": "pre-activation"}, None, "not-yet-valid"),
        ({"state": "pre-activation", "activates": NOW - DAY}, None, "valid"),  # begun by its date since the export
        ({"state": "pre-activation", "activates": NOW + DAY}, None, "not-yet-valid"),
        ({"activates": BEGIN + 20 * DAY}, 10, "not-yet-valid"),
        ({"state": "destroyed"}, None, "untimestamped"),
        ({"state": "destroyed"}, 10, "signed-before-expiry"),
        ({"state": "destroyed", "deactivated": BEGIN + 5 * DAY}, 10, "expired"),
        ({"state": "deactivated"}, None, "untimestamped"),
    ],
)
def test_the_verdict_follows_from_the_keys_life_and_the_proven_time(changed: dict[str, Any], day: int | None, verdict: str) -> None:
    times = [] if day is None else [TrustedTime(BEGIN + day * DAY, "rfc3161:tsa")]
    judgement = judge(life(**changed), load(OLD).fingerprint, times, NOW)
    assert judgement.verdict.value == verdict
    assert judgement.why
    assert judgement.verdict.holds or judgement.hint
    assert judgement.verdict is SignatureVerdict.UNKNOWN_KEY or (judgement.by.key_name, judgement.by.key_version) == ("signing", 1)
    assert (judgement.time is None) is (day is None)


def test_the_earliest_time_decides_and_one_of_the_future_proves_nothing() -> None:
    revoked = life(**REVOKED)
    early, late = TrustedTime(BEGIN + 10 * DAY, "log:a"), TrustedTime(BEGIN + 150 * DAY, "rfc3161:b")
    judgement = judge(revoked, load(OLD).fingerprint, [late, early], NOW)
    assert (judgement.verdict, judgement.time) == (SignatureVerdict.BEFORE_REVOCATION, early)
    assert judge(revoked, load(OLD).fingerprint, [late], NOW).verdict is SignatureVerdict.REVOKED
    future = [TrustedTime(NOW + DAY, "rfc3161:b")]
    assert judge(life(**ENDED), load(OLD).fingerprint, future, NOW).verdict is SignatureVerdict.UNTIMESTAMPED


def test_clocks_may_differ_a_little_at_the_beginning_but_never_at_the_end() -> None:
    just_before = [TrustedTime(BEGIN - timedelta(minutes=4), "rfc3161:tsa")]
    assert judge(life(), load(OLD).fingerprint, just_before, NOW).verdict is SignatureVerdict.VALID
    at_the_end = [TrustedTime(BEGIN + 100 * DAY, "rfc3161:tsa")]
    assert judge(life(**REVOKED), load(OLD).fingerprint, at_the_end, NOW).verdict is SignatureVerdict.REVOKED


@pytest.mark.parametrize(
    ("before_the_end", "accuracy", "verdict"),
    [
        (timedelta(seconds=1), timedelta(0), "signed-before-revocation"),
        (timedelta(0), timedelta(0), "revoked"),
        (timedelta(milliseconds=500), timedelta(0), "signed-before-revocation"),  # the source tells parts of a second
        (timedelta(milliseconds=500), timedelta(seconds=1), "revoked"),
        (timedelta(seconds=59), timedelta(minutes=1), "revoked"),
        (timedelta(seconds=60), timedelta(minutes=1), "signed-before-revocation"),
    ],
    ids=str,
)
def test_a_proof_that_allows_for_later_than_the_end_proves_nothing(before_the_end: timedelta, accuracy: timedelta, verdict: str) -> None:
    time = TrustedTime(BEGIN + 100 * DAY - before_the_end, "rfc3161:tsa", accuracy)
    assert judge(life(**REVOKED), load(OLD).fingerprint, [time], NOW).verdict.value == verdict


def test_a_time_in_whole_seconds_stands_for_all_of_its_second() -> None:
    ends = BEGIN + 100 * DAY + timedelta(milliseconds=500)
    revoked = life(**(REVOKED | {"deactivated": ends}))
    for second, verdict in ((0, "revoked"), (-1, "signed-before-revocation")):
        time = TrustedTime(BEGIN + 100 * DAY + timedelta(seconds=second), "log:a")
        assert judge(revoked, load(OLD).fingerprint, [time], NOW).verdict.value == verdict


def test_another_versions_end_is_none_of_mine() -> None:
    judgement = judge(life(**COMPROMISED), load(NEW).fingerprint, [], NOW)
    assert (judgement.verdict, judgement.by.key_version) == (SignatureVerdict.VALID, 2)
    assert judge(life(), load(STRANGER).fingerprint, [], NOW).verdict is SignatureVerdict.UNKNOWN_KEY


def test_a_bare_key_has_no_life_and_no_name() -> None:
    judgement = judge(bare(OLD), load(OLD).fingerprint, [], NOW)
    assert (judgement.verdict, judgement.by.key_name, judgement.by.key_version) == (SignatureVerdict.VALID, "", None)
    assert judgement.by.key_type == "ec-p256"


def damaged(path: tuple[Any, ...], value: Any) -> bytes:
    changed = copy.deepcopy(document(version(1, OLD), version(2, NEW)))
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(changed).encode()


FIELDS = [("schema",), ("name",), ("exported",), ("versions",), *(("versions", 0, name) for name in version(1, OLD))]


@pytest.mark.parametrize("value", [KeyError, 0, "x", True, [], {}, 1.5], ids=str)
@pytest.mark.parametrize("path", FIELDS, ids=lambda path: str(path[-1]))
def test_a_damaged_timeline_is_a_usage_error(path: tuple[Any, ...], value: Any) -> None:
    if path[-1] in ("id", "name", "revocation") and (value == "x" or path[-1] == "id") and value is not KeyError:
        read_timeline(damaged(path, value), "t")  # free text, or nothing that we read
        return
    with pytest.raises(UsageError) as caught:
        read_timeline(damaged(path, value), "t.json")
    assert caught.value.hint
    assert caught.value.what.startswith(("t.json", "not a public key"))


def test_a_timeline_has_each_version_and_each_key_once_and_no_more_fields() -> None:
    for broken in (
        document(version(1, OLD), version(1, NEW)),
        document(version(1, OLD), version(2, OLD)),
        {**document(version(1, OLD)), "more": 1},
        document({**version(1, OLD), "more": 1}),
        document(version(1, OLD, created="2026-01-01T00:00:00")),
        document(version(True, OLD)),
        document(),
    ):
        with pytest.raises(UsageError):
            from_document(broken, "t")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"schema":1}', b"[" * 10**5])
def test_what_is_no_timeline_is_a_usage_error(content: bytes) -> None:
    with pytest.raises(UsageError):
        read_timeline(content, "t")
