# SPDX-License-Identifier: Apache-2.0
"""second-opinion."""

from __future__ import annotations

from pipeline_guard.gate.checks.second_opinion import check
from pipeline_guard.gate.facts import SecondOpinion
from tests.unit.gate.checking import failing


def test_each_finding_of_the_other_tool_is_one_of_ours() -> None:
    assert failing(check, SecondOpinion("w.yml", 4, "template-injection", "why", "fix")) == [("template-injection (why)", 4)]
