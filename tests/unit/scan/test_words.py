# SPDX-License-Identifier: Apache-2.0
"""Words of rules in a text: exactly those that are there."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.words import WordIndex
from tests.fakes.cache import MemoryCache

RULES = [(number, [word.encode() for word in rule.anchors]) for number, rule in enumerate(load(PackagedRules(), MemoryCache()).rules)]
INDEX = WordIndex(RULES)
SMALL = [(7, [b"ab", b"abc", b"bcde"]), (3, [b"abab", b"babab", b"ccccccc"]), (5, []), (9, [b"abc", b"dd"])]


def one_by_one(rules: list[tuple[int, list[bytes]]], low: bytes) -> dict[int, set[bytes]]:
    found = {number: {word for word in words if word in low} for number, words in rules}
    return {number: words for number, words in found.items() if words}


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"ab", b"cde", b"\0", b"\xff"])).map(b"".join))
def test_words_are_those_that_a_search_for_each_finds(low: bytes) -> None:
    found = WordIndex(SMALL).rules(low)
    assert {number: set(words) for number, words in found.items()} == one_by_one(SMALL, low)
    assert list(found) == sorted(found)


def test_words_of_all_rules_are_found_wherever_they_stand() -> None:
    for _, words in RULES:
        for word in words[:3]:
            for before in (b"", b"x", b"xy", b"xyz"):
                assert any(word in found for found in INDEX.rules(before + word).values()), word


def test_rules_of_real_text_are_those_that_a_search_for_each_word_finds() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py"))[:12]:
        low = path.read_bytes().lower()
        assert {number: set(words) for number, words in INDEX.rules(low).items()} == one_by_one(RULES, low)
