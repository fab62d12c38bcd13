# SPDX-License-Identifier: Apache-2.0
"""gitlab-token-audience."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_token_audience import RULE, check
from tests.unit.gate.checking import failing, pipeline


@pytest.mark.parametrize("audience", ["[a.example, b.example]", "'*'", "'https://*.example'", "[]"])
def test_a_token_for_more_than_one_place_is_shown(audience: str) -> None:
    text = f"job:\n  id_tokens:\n    T: {{aud: {audience}}}\n  script: [x]\n"
    assert [line for _, line in failing(check, pipeline(text))] == [3]
    assert RULE.informs


@pytest.mark.parametrize("audience", ["a.example", "[a.example]", "$AUDIENCE"])
def test_a_token_for_one_place_passes(audience: str) -> None:
    assert failing(check, pipeline(f"job: {{id_tokens: {{T: {{aud: {audience}}}}}, script: [x]}}")) == []
