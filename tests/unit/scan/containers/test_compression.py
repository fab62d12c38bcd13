# SPDX-License-Identifier: Apache-2.0
"""Streams are read piecewise, within the budget, as far as they go."""

from __future__ import annotations

import gzip
import zlib

import pytest

from pipeline_guard.model.limits import Limits
from pipeline_guard.scan.containers.compression import Broken, Inflated, engine
from pipeline_guard.scan.containers.member import Budget


def stream(data: bytes, limits: Limits | None = None) -> Inflated:
    return Inflated(data, lambda: zlib.decompressobj(31), Budget(limits or Limits()))


def test_peeking_takes_nothing_away() -> None:
    reader = stream(gzip.compress(b"abcdef"))
    assert (reader.peek(3), reader.place, reader.read(4), reader.place, reader.read(9)) == (b"abc", 0, b"abcd", 4, b"ef")


def test_what_comes_before_the_break_is_given_first() -> None:
    reader = stream(gzip.compress(bytes(range(256)) * 40)[:-12])
    assert reader.read(1 << 20).startswith(bytes(range(200)))
    with pytest.raises(Broken, match="cut off"):
        reader.read(1)


def test_budget_stops_a_stream() -> None:
    reader = stream(gzip.compress(b"\0" * 5_000_000), Limits(unpacked=100_000))
    with pytest.raises(Broken, match="more than 100000 bytes"):
        reader.skip(5_000_000)


def test_number_of_streams_is_bounded() -> None:
    with pytest.raises(Broken, match="streams in a row"):
        stream(gzip.compress(b"x") * 20_001).skip(30_000)


@pytest.mark.parametrize("data", [b"x^2 + y^2 = z^2", b"BZh9 is no bzip2", b"\x1f\x8b", b""])
def test_texts_are_no_streams(data: bytes) -> None:
    assert engine(data) is None
