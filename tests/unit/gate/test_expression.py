# SPDX-License-Identifier: Apache-2.0
"""Which contexts flow into the text of an expression."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.expression import condition, expressions, read


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("github.head_ref", ("github.head_ref",)),
        ("GitHub['Head_Ref']", ("github.head_ref",)),
        ("github.event.commits[0].message", ("github.event.commits.*.message",)),
        ("github.event.commits.*.message", ("github.event.commits.*.message",)),
        ("a || b", ("a", "b")),
        ("a && b", ("b",)),
        ("a == b", ()),
        ("!a", ()),
        ("(a)", ("a",)),
        ("format('{0}', a, b.c)", ("a", "b.c")),
        ("contains(a, b)", ()),
        ("startsWith(a, 'x') && b || 'c'", ("b",)),
        ("fromJSON(a).b", ("a",)),
        ("'github.head_ref'", ()),
        ("1.5e3", ()),
        ("true", ()),
    ],
)
def test_only_what_can_become_the_value_flows(text: str, flows: tuple[str, ...]) -> None:
    assert read(text).flows == flows


@pytest.mark.parametrize("text", ["a b", "format(a", "a ==", "a ? b : c", "a[b"])
def test_what_cannot_be_read_flows_from_every_name(text: str) -> None:
    assert "a" in read(text).flows


def test_objects_written_out_as_a_whole_are_marked() -> None:
    assert read("toJSON(secrets)").whole == ("secrets",)


def test_expressions_are_found_with_their_places() -> None:
    assert [(each.text, each.offset) for each in expressions("x ${{ a }} y ${{b}}")] == [("a", 2), ("b", 13)]


def test_a_condition_needs_no_braces() -> None:
    assert condition("github.ref == 'x'").names == condition("${{ github.ref == 'x' }}").names == ("github.ref",)
