# SPDX-License-Identifier: Apache-2.0
"""When a database is worth its start."""

from pipeline_guard.scan.prefilter import COMPILE_FROM, COMPILE_KEPT_FROM, LOAD_FROM, Prefilter
from pipeline_guard.scan.rule import Rule
from tests.fakes.cache import MemoryCache

RULES = [Rule("one", "One", "high", "one_[a-z]{8}", "", "", (), keywords=("one_",))]
TEXT = b"one_abcdefgh"


def prefilter(cache: MemoryCache, *, expected: int = 0) -> Prefilter:
    made = Prefilter(RULES, "digest", cache)
    if expected:
        made.expect(expected)
    return made


def test_a_first_run_compiles_only_for_much_text() -> None:
    cache = MemoryCache()
    assert prefilter(cache, expected=COMPILE_FROM - 10_000).candidates(TEXT) is None
    assert prefilter(MemoryCache(), expected=COMPILE_FROM).candidates(TEXT) == {0: [12, 12]}


def test_a_home_that_was_there_before_is_worth_a_database_sooner() -> None:
    cache = MemoryCache()
    assert prefilter(cache, expected=COMPILE_KEPT_FROM).candidates(TEXT) is None
    assert prefilter(cache, expected=COMPILE_KEPT_FROM - 10_000).candidates(TEXT) is None
    assert prefilter(cache, expected=COMPILE_KEPT_FROM).candidates(TEXT) == {0: [12, 12]}
    assert prefilter(cache, expected=LOAD_FROM).candidates(TEXT) == {0: [12, 12]}  # from now on it is loaded


def test_what_was_promised_does_not_count_again_when_it_comes() -> None:
    made = prefilter(MemoryCache(), expected=COMPILE_FROM - 10_000)
    assert [made.candidates(bytes(200_000)) for _ in range(20)] == [None] * 20
    assert made.candidates(bytes(400_000)) == {}


def test_little_text_touches_no_cache() -> None:
    cache = MemoryCache()
    assert prefilter(cache).candidates(TEXT) is None
    assert cache == {}


def test_many_small_texts_count_for_more_than_their_bytes() -> None:
    cache = MemoryCache()
    prefilter(cache, expected=COMPILE_FROM)
    made = prefilter(cache)
    assert made.candidates(TEXT) is None
    assert [made.candidates(TEXT) for _ in range(LOAD_FROM // 200)][-1] == {0: [12, 12]}
