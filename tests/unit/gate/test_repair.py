# SPDX-License-Identifier: Apache-2.0
"""Pins written into the text: nothing else changes, nothing unproven is touched, twice is once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.gate.repair import pin_actions, pin_hooks
from pipeline_guard.model.repair import Proof
from tests.unit.gate.checking import SHA


def prove(_path: str, repository: str, ref: str) -> Proof | str:
    return Proof(SHA, "test") if repository == "o/r" else f"nobody knows {ref}"


def pinned(line: str) -> str:
    before = f"# top\njobs:\n  a:   # odd\n    steps:\n{line}\n      - run: 'x'   # end\n"
    after, _ = pin_actions(before.encode(), "w.yml", prove)
    assert after.decode().replace(after.decode().split("\n")[4], line) == before
    return after.decode().split("\n")[4]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      - uses: o/r@v4", f"      - uses: o/r@{SHA} # v4"),
        ("      - uses:   'O/r/sub@v4'", f"      - uses:   'O/r/sub@{SHA}' # v4"),
        ('      - uses: "o/r@v4"   # why', f'      - uses: "o/r@{SHA}" # v4 (why)'),
        ("      - uses: o/r@v4 # v3.2", f"      - uses: o/r@{SHA} # v4"),
        ("      - {uses: o/r@v4, with: {a: b}}", f"      - {{uses: o/r@{SHA}, with: {{a: b}}}} # v4"),
        ("      - uses: o/r@feature/x", f"      - uses: o/r@{SHA} # feature/x"),
    ],
)
def test_one_line_is_edited_and_the_rest_stays(before: str, after: str) -> None:
    assert pinned(before) == after


@pytest.mark.parametrize(
    "line",
    [
        "      - uses: other/r@v4",
        f"      - uses: o/r@{SHA}",
        "      - uses: ./own",
        "      - uses: docker://a:1",
        "      - uses: $/own",
        "      - run: echo o/r@v4",
    ],
)
def test_what_is_unproven_pinned_or_local_stays(line: str) -> None:
    assert pinned(line) == line


def test_each_left_one_is_told_with_its_reason() -> None:
    _, repairs = pin_actions(b"jobs:\n  a:\n    steps:\n      - uses: other/r@v4\n      - uses: o/r@v4\n", "w.yml", prove)
    assert [(repair.line, repair.why, repair.proof is not None) for repair in repairs] == [(4, "nobody knows v4", False), (5, "", True)]


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    before = b"\xef\xbb\xbfjobs:\r\n  a:\r\n    steps:\r\n      - uses: o/r@v4\r\n      - run: |\r\n          x\r\n"
    after, _ = pin_actions(before, "w.yml", prove)
    assert after == before.replace(b"@v4", f"@{SHA} # v4".encode())


@pytest.mark.parametrize(
    "text",
    [
        "x: &u o/r@v4\njobs: {a: {steps: [{uses: *u}]}}\n",
        "jobs:\n  a:\n    steps:\n      - uses: >-\n          o/r@v4\n",
        'jobs:\n  a:\n    steps:\n      - uses: "o/r@\\x764"\n',
        "jobs: {a: {steps: [{uses: o/r@v4}, {uses: o/r@v4}]}}\n",
    ],
)
def test_a_line_that_is_written_in_an_odd_way_is_left_to_a_person(text: str) -> None:
    after, repairs = pin_actions(text.encode(), "w.yml", prove)
    assert after == text.encode()
    assert all("not edited by machine" in repair.why for repair in repairs)
    assert repairs


def test_composite_actions_and_reusable_workflows_are_pinned_too() -> None:
    composite, _ = pin_actions(b"runs:\n  using: composite\n  steps:\n    - uses: o/r@v1\n", "action.yml", prove, is_action=True)
    called, _ = pin_actions(b"jobs:\n  a:\n    uses: o/r/.github/workflows/w.yml@v1\n", "w.yml", prove)
    assert SHA.encode() in composite
    assert called == f"jobs:\n  a:\n    uses: o/r/.github/workflows/w.yml@{SHA} # v1\n".encode()


def test_hooks_are_frozen_as_pre_commit_writes_it() -> None:
    text = "repos:\n  - repo: https://github.com/o/r\n    rev: v1.2\n    hooks: []\n  - repo: https://h.example/o/r\n    rev: v1\n"
    after, repairs = pin_hooks(text.encode(), "c.yml", prove)
    assert after.decode() == text.replace("rev: v1.2", f"rev: {SHA}  # frozen: v1.2")
    assert [repair.proof is not None for repair in repairs] == [True, False]


@settings(max_examples=80, deadline=None)
@given(
    comment=st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20),
    ref=st.from_regex(r"\A[A-Za-z0-9][\w./-]{0,20}\Z"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_second_run_changes_nothing(comment: str, ref: str, end: str) -> None:
    text = end.join(["jobs:", "  a:", "    steps:", f"      - uses: o/r@{ref} # {comment}", ""])
    once, _ = pin_actions(text.encode(), "w.yml", prove)
    twice, repairs = pin_actions(once, "w.yml", prove)
    assert (twice, repairs) == (once, [])
