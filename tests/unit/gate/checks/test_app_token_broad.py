# SPDX-License-Identifier: Apache-2.0
"""app-token-broad."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.app_token_broad import RULE, check
from tests.unit.gate.checking import SHA, failing, job


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("app-id: 1", "j: every permission of the App"),
        ("permission-contents: read, owner: o", "j: every repository of o"),
        ("permission-contents: read, skip-token-revoke: true", "j: a token that outlives the job"),
    ],
)
def test_what_a_token_may_beyond_the_need_is_shown(given: str, what: str) -> None:
    assert failing(check, job(f"- uses: actions/create-github-app-token@{SHA}\n  with: {{{given}}}")) == [(what, 5)]
    assert RULE.informs


@pytest.mark.parametrize("given", ["permission-contents: read", "permission-issues: write, owner: o, repositories: 'a,b'"])
def test_a_narrow_token_and_other_actions_pass(given: str) -> None:
    assert failing(check, job(f"- uses: actions/create-github-app-token@{SHA}\n  with: {{{given}}}")) == []
    assert failing(check, job(f"- uses: o/r@{SHA}\n  with: {{app-id: 1}}")) == []
