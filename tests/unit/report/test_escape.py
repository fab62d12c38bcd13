# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given

from pipeline_guard.report.escape import clip, visible
from tests.unit.report.samples import HOSTILE, TEXT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.py", "plain name.py"),
        ("größe-名前", "größe-名前"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x1b[31m\x00", "\\x1b[31m\\x00"),
        ("\u202e", "\\u202e"),
        ("byte \udcff", "byte \\xff"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("##[group]", "#\\x23[group]"),
    ],
)
def test_what_does_not_print_becomes_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(TEXT)
def test_shown_text_is_one_line_of_printable_utf8(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert "##[" not in shown
    shown.encode("utf-8")


def test_hostile_samples_differ_after_escaping() -> None:
    assert len({visible(name) for name in HOSTILE}) == len(HOSTILE)


def test_clipped_text_tells_that_something_is_missing() -> None:
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"
