# SPDX-License-Identifier: Apache-2.0
"""Stored values in texts: found at every offset, confirmed exactly, and of no use without the key."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.key import KeyRef, KeyType, KeyUsage
from pipeline_guard.model.sealed import SearchRow
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.search import WINDOW, Search, is_searchable, seal_row

KEY = Secret(bytes(range(32)))
REF = KeyRef("store", 1, KeyType.AES_256, KeyUsage.WRAP, "00")


def row(value: bytes | None, name: str = "n", version: int = 1, key: Secret = KEY) -> SearchRow:
    return SearchRow(name, version, REF, b"", seal_row(key, name, version, None if value is None else Secret(value), os.urandom(12)))


def search(*values: bytes) -> Search:
    return Search(KEY, [row(value, f"n{number}") for number, value in enumerate(values)])


def places(found: Search, text: bytes) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.name) for one in found.find(text)]


VALUES = st.binary(min_size=WINDOW, max_size=40).filter(lambda value: is_searchable(Secret(value)))


@given(VALUES, st.binary(max_size=50), st.binary(max_size=50))
def test_value_is_found_wherever_it_stands(value: bytes, before: bytes, after: bytes) -> None:
    assert (len(before), len(before) + len(value), "n0") in places(search(value), before + value + after)


@given(VALUES, st.binary(max_size=200))
def test_nothing_but_the_value_is_found(value: bytes, text: bytes) -> None:
    assert all(text[start:end] == value for start, end, _ in places(search(value), text))


@pytest.mark.parametrize("offset", [65_535, 65_536, 65_537, 65_536 - WINDOW, 65_536 - WINDOW + 1, 131_072 - 3])
def test_value_across_the_borders_of_blocks_is_found_once(offset: int) -> None:
    value = b"Tr0ub4dor&3-and-more"
    text = bytearray(b"." * 200_000)
    text[offset : offset + len(value)] = value
    assert places(search(value), bytes(text)) == [(offset, offset + len(value), "n0")]


def test_many_values_are_told_apart_and_the_longest_wins_a_place() -> None:
    short, long = b"Tr0ub4dor&3", b"Tr0ub4dor&3-and-more"
    assert places(search(short, long), b"x " + long + b" " + short) == [(2, 22, "n1"), (23, 34, "n0")]


def test_value_at_the_very_end_or_cut_off_there() -> None:
    value = b"correct horse"
    assert places(search(value), value) == [(0, len(value), "n0")]
    assert places(search(value), value[:-1]) == []
    assert places(search(value), b"") == []


@pytest.mark.parametrize("changed", [0, 7, 8, 12])
def test_one_changed_byte_is_another_value(changed: int) -> None:
    value = bytearray(b"correct horse")
    value[changed] ^= 1
    assert places(search(b"correct horse"), bytes(value)) == []


def test_short_and_monotonous_values_are_not_looked_for() -> None:
    for value in (b"", b"hunter2", b"aaaaaaaaaaaa", b"0101010101010101"):
        assert not is_searchable(Secret(value))
    assert is_searchable(Secret(b"hunter2x"))
    found = Search(KEY, [row(None, "weak")])
    assert (found.skipped, found.find(b"hunter2" * 10)) == (["weak"], [])


def test_row_tells_neither_value_nor_length_nor_whether_there_is_one() -> None:
    value = b"correct horse battery staple"
    sealed = row(value).sealed
    assert len({len(row(text).sealed) for text in (value, b"12345678", None)}) == 1
    assert value not in sealed
    assert row(value).sealed != sealed, "the same value twice looks different"


def test_row_in_the_place_of_another_or_changed_or_under_another_key_is_refused() -> None:
    good = row(b"correct horse")
    flipped = bytes([*good.sealed[:-1], good.sealed[-1] ^ 1])
    for bad in (
        replace(good, name="other"),
        replace(good, version=2),
        replace(good, sealed=flipped),
        replace(good, sealed=b""),
        row(b"correct horse", key=Secret(b"k" * 32)),
    ):
        with pytest.raises(IntegrityError):
            Search(KEY, [bad])
