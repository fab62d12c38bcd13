# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.registry import RULES
from pipeline_guard.gate.rule import Rule
from pipeline_guard.model.verdict import Check, CheckStatus
from pipeline_guard.report.group import OTHER, group_of, grouped

OF_WORKFLOWS = {Kind.WORKFLOW, Kind.SCRIPT, Kind.ACTIONS_LOCK, Kind.PIN, Kind.SECOND, Kind.CHANGE}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_no_group_is_named_for_is_about_workflows(rule: Rule) -> None:
    assert (group_of(rule.id) == OTHER) is (rule.kind in OF_WORKFLOWS and not rule.id.startswith(("gitlab", "include")))


def test_groups_are_counted_the_largest_first_and_none_is_lost() -> None:
    text = grouped(Check(rule.id, CheckStatus.PASS, "") for rule in RULES)
    numbers = [int(part.rpartition(" ")[2]) for part in text.split(", ")]
    assert sum(numbers) == len(RULES)
    assert numbers == sorted(numbers, reverse=True)
