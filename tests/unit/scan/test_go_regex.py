# SPDX-License-Identifier: Apache-2.0
"""Go's patterns in ours: what each matches must stay what Go would match."""

from __future__ import annotations

import re
import warnings

import pytest

from pipeline_guard.scan.go_regex import translate

CASES = [
    # pattern, texts that match whole, texts that do not
    (r"a(?i)bc", ["abc", "aBC"], ["Abc", "ABC"]),
    (r"(?i)a|b", ["a", "A", "b", "B"], []),
    (r"(a(?i)b|c)d", ["abd", "aBd", "cd", "Cd"], ["Abd", "abD"]),
    (r"(?i:a)b", ["ab", "Ab"], ["aB"]),
    (r"(?i)a(?-i)b", ["ab", "Ab"], ["aB", "AB"]),
    (r"(?i-s:a)b", ["Ab"], ["AB"]),
    (r"[[:alnum:]]{3}[^[:space:]]", ["aZ9x"], ["aZ9 ", "a_9x"]),
    (r"[[:xdigit:]_-]+", ["aF0_-"], ["g"]),
    (r"[a[&~|b]+", ["a[&~|b"], ["c"]),
    (r"[]a]+", ["]a"], ["b"]),
    (r"[^]a]", ["b"], ["]", "a"]),
    (r"\Qa.b*\Ec", ["a.b*c"], ["axbc"]),
    (r"\Qa.b", ["a.b"], ["axb"]),
    (r"\x{41}\x42", ["AB"], []),
    (r"(?<word>x)(?P<other>y)", ["xy"], []),
    (r"ab\z", ["ab"], ["ab\n"]),
    (r"ab$", ["ab"], ["ab\n"]),
    (r"(?i)\b(ab[_-]?(?:live|test)_[0-9a-z]{4})(?:[\x60'\"\s;]|\\[nr]|$)", ["AB_live_12ab;", "abtest_zzzz"], ["xab_live_12"]),
]


@pytest.mark.parametrize(("pattern", "good", "bad"), CASES)
def test_translated_pattern_matches_what_go_would(pattern: str, good: list[str], bad: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = re.compile(translate(pattern).encode())
    for text in good:
        found = compiled.match(text.encode())
        assert found, text
        assert found.end() == len(text)
    for text in bad:
        found = compiled.match(text.encode())
        assert found is None or found.end() != len(text), text


def test_end_of_line_stays_one_where_the_pattern_asks_for_lines() -> None:
    assert re.search(translate(r"(?m)^a$"), "x\na\ny")
    assert not re.search(translate(r"^a$"), "x\na\ny")


@pytest.mark.parametrize(
    "pattern",
    [r"\pL", r"\p{Greek}", r"(?U)a+", r"\C", r"(a", "a)", "[a", "a\\", r"(?=a)", r"(?!a)", r"(?<=a)b", r"\x{1F600}", r"[[:nope:]]", r"(a)\1", r"(?z)a"],
)  # fmt: skip
def test_what_cannot_be_said_here_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        translate(pattern)
