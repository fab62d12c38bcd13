# SPDX-License-Identifier: Apache-2.0
"""Values behind a word: found as the rule's whole expression finds them."""

import re

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.scan.detect import matches
from pipeline_guard.scan.named import places
from pipeline_guard.scan.rule import compiled
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand_bytes
from tests.fakes.cache import MemoryCache

NAMED = [rule for rule in load(PackagedRules(), MemoryCache()).rules if rule.near and not rule.keywords]


def test_rules_with_near_find_behind_the_word_what_their_whole_expression_finds() -> None:
    compared = 0
    for rule in NAMED[::3]:
        lines = [line for example in rule.examples + rule.counterexamples for line in expand_bytes(example).split(b"\n")]
        text = b" ; ".join([*lines, *(line.upper() for line in lines), *(b"Not" + line for line in lines)])
        whole = [match.span(rule.value_group) for match in compiled(rule).finditer(text)]
        assert [match.span(rule.value_group) for match in matches(rule, text, text.lower())] == whole, rule.id
        compared += len(whole)
    assert compared > 500


def test_many_words_are_found_where_each_of_them_begins() -> None:
    words = [b"baidu", b"baidumap", b"map", b"aa", b"a.b", b"data", b"datadog", b"zed", b"zeda", b"x_y"]
    low = b"baidumap aaa a.b axb datadoggy zedazed x_y"
    expected = sorted({match.start() for word in words for match in re.finditer(b"(?=" + re.escape(word) + b")", low)})
    assert places(words, low, [(0, len(low))]) == expected
    assert sorted({place for word in words for place in places([word], low, [(0, len(low))])}) == expected


def test_words_are_found_within_the_zones_only() -> None:
    assert places([b"token"], b"token token token", [(1, 12), (11, 17)]) == [6, 12]
