# SPDX-License-Identifier: Apache-2.0
"""gitlab-gate-prelude."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_gate_prelude import RULE, check
from tests.unit.gate.checking import failing, pipeline

BEFORE = "default: {before_script: [setup]}\n"


def test_a_gate_behind_the_default_prelude_is_shown_and_never_fails() -> None:
    assert failing(check, pipeline(f"{BEFORE}gate: {{script: [pipeline-guard gate]}}\n")) == [("gate of .gitlab-ci.yml", 2)]
    assert RULE.informs


@pytest.mark.parametrize(
    "text",
    [
        "gate: {script: [pipeline-guard gate]}\n",
        f"{BEFORE}gate: {{before_script: [], script: [pipeline-guard gate]}}\n",
        f"{BEFORE}gate: {{inherit: {{default: false}}, script: [pipeline-guard gate]}}\n",
        f"{BEFORE}other: {{script: [make]}}\n",
    ],
)
def test_a_gate_of_its_own_is_not(text: str) -> None:
    assert failing(check, pipeline(text)) == []
