# SPDX-License-Identifier: Apache-2.0
"""Coarse expressions: wherever a rule matches they do too, and end inside that match."""

from __future__ import annotations

import re

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.scan.coarse import probes
from pipeline_guard.scan.rule import Rule, compiled, parse_pack
from pipeline_guard.scan.sample import expand

RULES = [rule for name, content in PackagedRules().texts() for rule in parse_pack(name, content, trusted=True)]


def rule(pattern: str, **more: object) -> Rule:
    return Rule("a", "A", "high", pattern, "", "", (), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ab{0,40}c{2,9}d", "ab*c{2,}d"),
        ("a[{0,4}]b{1,3}c", "a[{0,4}]b+c"),
        (r"a\{0,4}b", r"a\{0,4}b"),
        ("a{,5}b", "a*b"),
        (r"x_[A-Z]{36}\b", "x_[A-Z]{8}"),
        (r"x_[A-Z]{3,9}(?![A-Z])", "x_[A-Z]{3}"),
        (r"x_\[A-Z]{36}", r"x_\[A-Z]{36}"),
    ],
)
def test_bounds_and_endings_are_dropped_outside_of_classes(pattern: str, expected: str) -> None:
    (probe,), rest = probes([rule(pattern, keywords=("x_",))])
    assert (probe.expression, rest) == (expected, [])


def test_rare_keywords_stand_for_their_rules_and_are_shared() -> None:
    found, rest = probes([rule("abcdef[0-9]{9}", keywords=("abcdef",)), rule("abcdef[A-F]{9}", keywords=("abcdef",))])
    assert [(probe.expression, probe.owners, probe.literal) for probe in found] == [("abcdef", (0, 1), True)]
    assert rest == []


def test_what_hyperscan_would_read_differently_stays_with_python() -> None:
    assert probes([rule("x[[:alpha:]]", keywords=("x",)), rule(r"ab\Z", keywords=("ab",))]) == ([], [0, 1])


def test_every_example_is_told_by_an_expression_of_its_rule() -> None:
    found, _rest = probes(RULES)
    by_rule: dict[int, list[re.Pattern[bytes]]] = {}
    for probe in found:
        pattern = re.compile(probe.expression.encode(), re.IGNORECASE if probe.literal else re.MULTILINE)
        for owner in probe.owners:
            by_rule.setdefault(owner, []).append(pattern)
    for index, one in enumerate(RULES):
        for template in one.examples:
            text = expand(template, one.id).encode()
            match = compiled(one).search(text)
            if match and index in by_rule:
                assert any(pattern.search(text, 0, match.end()) for pattern in by_rule[index]), one.id
