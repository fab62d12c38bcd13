# SPDX-License-Identifier: Apache-2.0
"""Inline permissions: for one rule, with a reason, until their day."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline_guard.scan.allow import faults, is_allowed

TODAY = date(2026, 11, 1)
MARK = b"pipeline-guard:" + b"allow"


@pytest.mark.parametrize(
    ("comment", "allowed"),
    [
        (b" github-token a revoked token of the documentation", True),
        (b" github-token until=2026-11-01 rotated tomorrow", True),
        (b" github-token until=2026-10-31 rotated yesterday", False),
        (b" github-token until=never because", False),
        (b" github-token", False),
        (b" github-token until=2027-01-01", False),
        (b" github-token --> ", False),
        (b" github-token */", False),
        (b" github-token */ token = value", False),
        (b" github-token --> <b>words</b>", False),
        (b" github-token a revoked one */ token = value", True),
        (b" github-token rotated until=2027-01-01", False),
        (b" github-token fingerprint=0123abcd until=2027-01-01 rotated", False),
        (b" npm-token another rule", False),
        (b"", False),
    ],
)
def test_permission_needs_the_rule_a_reason_and_a_day_to_come(comment: bytes, allowed: bool) -> None:
    assert is_allowed("github-token", b"x = 1  # " + MARK + comment, b"", TODAY) is allowed
    assert is_allowed("github-token", b"x = 1", b"# " + MARK + comment, TODAY) is allowed


def test_markers_of_others_count_only_on_request() -> None:
    line = b"key  # gitleaks:" + b"allow"
    assert not is_allowed("github-token", line, b"", TODAY)
    assert is_allowed("github-token", line, b"", TODAY, foreign=True)
    assert not is_allowed("github-token", b"key", line, TODAY, foreign=True)


def test_permission_for_one_value_does_not_hold_for_another() -> None:
    line = b"x  # " + MARK + b" github-token fingerprint=0123abcd a revoked one"
    assert is_allowed("github-token", line, b"", TODAY, fingerprint="0123abcdef")
    assert not is_allowed("github-token", line, b"", TODAY, fingerprint="0123abcc00")
    assert not is_allowed("github-token", line, b"", TODAY)
    short = b"x  # " + MARK + b" github-token fingerprint=0123 too short to name one"
    assert not is_allowed("github-token", short, b"", TODAY, fingerprint="0123abcdef")


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        (b" github-token a revoked token", None),
        (b" github-token until=2026-11-01 rotated tomorrow", None),
        (b" github-token fingerprint=0123abcd a revoked one", None),
        (b" github-tokn a revoked token", "no rule is called github-tokn, did you mean github-token?"),
        (b" entirely-different words", "no rule is called entirely-different"),
        (b" github-token until=2026-10-31 rotated", "it ended on 2026-10-31"),
        (b" github-token until=soon rotated", "its until= is no day: write until=YYYY-MM-DD"),
        (b" github-token until= rotated", "its until= is no day: write until=YYYY-MM-DD"),
        (b" github-token", "it gives no reason"),
        (b" github-token */", "it gives no reason"),
        (b" github-token */ token = value", "it gives no reason"),
        (b" github-token rotated until=2027-01-01", "until= and fingerprint= stand before the reason"),
        (b" github-token until=2027-01-01", "it gives no reason"),
        (b" <rule> [until=YYYY-MM-DD] <reason>", None),
        (b" RULE", None),
    ],
)
def test_permission_that_permits_nothing_is_told(comment: bytes, why: str | None) -> None:
    found = [text for _, text in faults(b"x = 1  # " + MARK + comment + b"\n", {"github-token", "npm-token"}, TODAY)]
    assert found == ([why] if why else [])


def test_day_and_fingerprint_stand_in_either_order_and_each_that_is_written_counts() -> None:
    for options, allowed in (
        (b"until=2027-01-01 fingerprint=0123abcd", True),
        (b"fingerprint=0123abcd until=2027-01-01", True),
        (b"fingerprint=0123abcd until=2026-01-01", False),
        (b"fingerprint=0123abce until=2027-01-01", False),
        (b"until=2027-01-01 until=2026-01-01", False),
        (b"until=2027-01-01 fingerprint=0123abcd until=2026-01-01", False),
    ):
        line = b"x = 1  # " + MARK + b" github-token " + options + b" rotated tomorrow"
        assert is_allowed("github-token", line, b"", TODAY, fingerprint="0123abcdef") is allowed, options
    told = [why for _, why in faults(MARK + b" github-token fingerprint=0123abcd until=2026-01-01 because", {"github-token"}, TODAY)]
    assert told == ["it ended on 2026-01-01"]
