# SPDX-License-Identifier: Apache-2.0
"""credentials-kept."""

from __future__ import annotations

from pipeline_guard.gate.checks.credentials_kept import RULE, check
from tests.unit.gate.checking import SHA, failing, job


def test_a_checkout_that_says_nothing_is_shown_and_never_fails() -> None:
    assert failing(check, job(f"- uses: actions/checkout@{SHA}")) == [(".github/workflows/w.yml:5", 5)]
    assert RULE.informs


def test_a_checkout_that_says_so_is_not() -> None:
    for value in ("false", "true"):
        assert failing(check, job(f"- uses: actions/checkout@{SHA}\n  with: {{persist-credentials: {value}}}")) == []
