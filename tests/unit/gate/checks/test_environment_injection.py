# SPDX-License-Identifier: Apache-2.0
"""environment-injection."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.environment_injection import check
from tests.unit.gate.checking import failing, job


@pytest.mark.parametrize("target", ["GITHUB_ENV", "GITHUB_PATH"])
def test_untrusted_text_written_for_later_steps_fails(target: str) -> None:
    found = failing(check, job(f'- env: {{B: "${{{{ github.event.issue.body }}}}"}}\n  run: |\n    true\n    echo "X=$B" >> "${target}"'))
    assert found == [(f"$B (github.event.issue.body) to {target}", 8)]


@pytest.mark.parametrize(
    "step",
    [
        '- run: echo "X=1" >> "$GITHUB_ENV"',
        '- env: {B: "${{ github.sha }}"}\n  run: echo "X=$B" >> "$GITHUB_ENV"',
        '- env: {B: "${{ github.head_ref }}"}\n  run: |\n    echo "$B"\n    echo "X=1" >> "$GITHUB_ENV"',
    ],
)
def test_own_text_and_other_places_pass(step: str) -> None:
    assert failing(check, job(step)) == []
