# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.policy.match import check_pattern, matches, widest


@pytest.mark.parametrize(
    ("pattern", "value"),
    [("refs/heads/release-*", "refs/heads/release-1.2"), ("refs/tags/v?.?", "refs/tags/v1.2"), ("o/r/.github/workflows/*@refs/heads/main", "o/r/.github/workflows/a.yml@refs/heads/main")],
)  # fmt: skip
def test_star_stands_for_something_within_a_segment(pattern: str, value: str) -> None:
    assert matches(check_pattern(pattern), value)


@pytest.mark.parametrize(
    "value",
    [
        "refs/heads/release-", "refs/heads/release-1/evil", "refs/heads/release-1@x", "xrefs/heads/release-1", "refs/heads/release-1\n",
        "refs/heads/release-1:x", "refs/heads/Release-1", "refs/heads/release-\x00", "refs/heads/release-" + "a" * 600,
    ],
)  # fmt: skip
def test_star_crosses_nothing_and_ends_nowhere_early(value: str) -> None:
    assert not matches("refs/heads/release-*", value)


@pytest.mark.parametrize("text", ["a|b", "a.b", "(a)+", "[ab]", "a$", "^a", "a\\d"])
def test_what_means_something_to_others_means_itself(text: str) -> None:
    assert matches(text, text)
    assert not matches(text, "a")
    assert not matches(text, "axb")


@pytest.mark.parametrize("pattern", ["", "*", "?", "*/*", "a/**", "a" * 600, "a" + "*b" * 9, "*@*"])
def test_pattern_that_names_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        check_pattern(pattern)


def test_widest_value_is_one_that_matches() -> None:
    for pattern in ("refs/heads/*", "a?c/*@x"):
        assert matches(pattern, widest(pattern, "attacker"))
