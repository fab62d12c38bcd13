# SPDX-License-Identifier: Apache-2.0
"""Hashes of passwords: those of a file of users count, those a test expects do not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.scan.proof import State, judge

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HASH = "$5$" + "8pFTUnUr$" + "Fl1S4nX1p0PONBIcG7PN5jTQAtulYNf2AQCJyXV6Dt."


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("deploy:{}:19000:0:99999:7:::", State.NO_TEST),
        ("password_hash = '{}'", State.NO_TEST),
        ('assert.Equal(t, "{}", crypted)', State.NO_SECRET),
        ('assert crypt(word) == "{}"', State.NO_SECRET),
        ('expect(hash).toBe("{}")', State.NO_SECRET),
        ("if (password_verify($word, '{}')) {{", State.NO_TEST),
    ],
)
def test_hashes_that_a_test_expects_are_nobodys(line: str, state: State) -> None:
    text = ("# assert nothing here\n" + line.format(HASH) + "\nexpect(nothing)\n").encode()
    start = text.index(HASH.encode())
    assert judge("password-hash", text, (start, start + len(HASH)), NOW).state is state


@pytest.mark.parametrize(("value", "state"), [
    (b"kqzv wxjp rbnd vrhg", State.NO_TEST), (b"this will pass them", State.NO_SECRET), (b"abcd abcd abcd abcd", State.NO_SECRET),
    (b"kqzv", State.NO_SECRET),
])  # fmt: skip
def test_app_passwords_are_four_groups_that_make_no_words(value: bytes, state: State) -> None:
    assert judge("app-password", b"pass: " + value, (6, 6 + len(value)), NOW).state is state
