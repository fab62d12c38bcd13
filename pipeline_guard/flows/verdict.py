# SPDX-License-Identifier: Apache-2.0
"""A verdict signed for one change, and the check of such a verdict before anybody believes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pipeline_guard.flows.sign import SignDoors, sign_statement
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.occasion import Occasion
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.verdict import Verdict
from pipeline_guard.sign.gate_verdict import Claimed, check_verdict, read_verdict, verdict_payload
from pipeline_guard.sign.verify import verify_by


def sign_verdict(verdict: Verdict, report: bytes, occasion: Occasion, key: str, bundle: str, actor: str, *, doors: SignDoors) -> str:
    """Sign whatever the verdict is and write the bundle; return the key's fingerprint. ``report`` is the verdict as JSON."""
    payload = verdict_payload(occasion, verdict.outcome, doors.clock.now(), Digest.sha256(report))
    return sign_statement(payload, (bundle,), key, bundle, actor, doors=doors).key


def believe(
    unverified_bundle: bytes, key: KeyTimeline, expected: Mapping[str, str], now: datetime, max_age: timedelta, name: str
) -> Claimed:
    """Return a verdict that allows exactly what is expected; raise IntegrityError with the one reason why not."""
    claimed = read_verdict(verify_by(unverified_bundle, [key], now, name), name)
    check_verdict(claimed, expected, now, max_age, name)
    return claimed
