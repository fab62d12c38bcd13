# SPDX-License-Identifier: Apache-2.0
"""Inline permissions: for one rule, with a reason, until their day."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline_guard.scan.allow import is_allowed

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
