# SPDX-License-Identifier: Apache-2.0
"""Lines and columns of stored offsets."""

from __future__ import annotations

from pipeline_guard.scan.lines import Lines


def test_carriage_returns_alone_end_lines() -> None:
    assert Lines(b"a\rbc\rd").place(3) == (2, 2)
    assert Lines(b"a\rbc\nd").place(3) == (1, 4)


def test_offsets_may_go_back_within_a_line() -> None:
    lines = Lines("äöü key ä key".encode())
    assert [lines.place(at) for at in (14, 7, 14, 0)] == [(1, 11), (1, 5), (1, 11), (1, 1)]


def test_line_that_is_no_utf8_counts_bytes_from_its_beginning() -> None:
    assert Lines(b"\xc3\xa4 \xff key").place(5) == (1, 6)


def test_text_of_a_line_is_short_and_never_missing() -> None:
    lines = Lines(b"a\n" + b"b" * 9000)
    assert (lines.text(0), lines.text(1), len(lines.text(2)), lines.text(3)) == (b"", b"a\n", 4096, b"")
