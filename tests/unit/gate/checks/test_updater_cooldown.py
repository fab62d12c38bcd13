# SPDX-License-Identifier: Apache-2.0
"""updater-cooldown."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.build_file import dependabot, renovate
from pipeline_guard.gate.checks.updater_cooldown import RULE, check
from tests.unit.gate.checking import failing


def test_dependabot_without_a_weeks_wait_is_shown_and_never_fails() -> None:
    text = "updates:\n  - package-ecosystem: pip\n  - package-ecosystem: npm\n    cooldown: {default-days: 3}\n  - package-ecosystem: cargo\n    cooldown: {default-days: 7}\n"
    assert [line for _, line in failing(check, dependabot(text.encode(), ".github/dependabot.yml"))] == [2, 3]
    assert RULE.informs


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{}", 1),
        ('{"minimumReleaseAge": "3 days"}', 1),
        ('{// c\n"minimumReleaseAge": "14 days",}', 0),
        ('{"packageRules": [{"minimumReleaseAge": "2 weeks"}]}', 0),
    ],
)
def test_renovates_age_is_read(text: str, count: int) -> None:
    assert len(failing(check, renovate(text.encode(), "renovate.json"))) == count
