# SPDX-License-Identifier: Apache-2.0
"""Coarse expressions: wherever a rule matches they do too, and end inside that match."""

from __future__ import annotations

import re

import hyperscan
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


def test_the_engine_takes_every_expression_as_it_is() -> None:
    # NOTE: as a prefilter Hyperscan takes what it cannot match, and loosens it: such rules are then confirmed nearly everywhere
    found, _rest = probes(RULES)
    flags = hyperscan.HS_FLAG_ALLOWEMPTY | hyperscan.HS_FLAG_MULTILINE
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[probe.expression.encode() for probe in found],
        ids=list(range(len(found))),
        flags=[hyperscan.HS_FLAG_CASELESS if probe.literal else flags for probe in found],
    )


@pytest.mark.parametrize("pattern", ["x_(?!y)[a-z]{9}", "x_(?=[^)]y)[a-z]{9}", "(?<![a-z(])x_[a-z]{9}", r"(?<=\()x_(?!\))[a-z]{9}"])
def test_what_looks_ahead_or_back_is_left_out(pattern: str) -> None:
    (probe,), rest = probes([rule(pattern, keywords=("x_",))])
    assert (probe.expression, rest) == ("x_[a-z]{8}", [])


def test_rules_with_the_same_probe_are_told_by_one_expression() -> None:
    found, _rest = probes([rule("a[0-9]{30}b", probe="[0-9]{30}"), rule("c[0-9]{40}", probe="[0-9]{30}")])
    assert [(probe.expression, probe.owners) for probe in found] == [("[0-9]{30}", (0, 1))]


def test_where_hundreds_of_names_are_known_a_word_for_a_credential_is_asked_for() -> None:
    names = tuple(f"service{number}" for number in range(101))
    found, _rest = probes([rule("[a-z0-9]{20}", near=names, credential=True)])
    texts = {
        "service7 and nothing but wordsofeverydaylanguage": False,
        "service7_api_key = 'abcdefghijklmnopqrst'": True,
        "service7: abcdefghijklmnopqrst": True,
        "service7 f81d4fae-7dec-11d0-a765-00a0c91e6bf6": True,
    }
    for text, expected in texts.items():
        assert any(re.search(probe.expression, text) for probe in found) is expected, text
