# SPDX-License-Identifier: Apache-2.0
"""Asking a time-stamp authority over real HTTP, and what happens when it misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.timestamps import HttpTimestamps
from pipeline_guard.errors import IntegrityError, Unavailable, UsageError
from pipeline_guard.flows.timestamps import asking
from pipeline_guard.sign.timestamp import check_timestamp
from pipeline_guard.sign.trusted_root import read_timestamp_chain
from tests.fakes.http import serving
from tests.fakes.time_authority import TimeAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeAuthority]:
    found = TimeAuthority(tmp_path_factory.mktemp("authority"))
    yield found
    found.close()


def test_an_answer_proves_the_time(authority: TimeAuthority) -> None:
    authority.mood = "honest"
    stamp = asking(HttpTimestamps(authority.url), SystemRandom())(b"a signature")
    chain = read_timestamp_chain(authority.certificate.read_bytes(), "tsa.pem")
    assert check_timestamp(stamp, b"a signature", chain, "b")


def test_an_old_answer_is_refused(authority: TimeAuthority) -> None:
    ask = asking(HttpTimestamps(authority.url), SystemRandom())
    authority.mood = "honest"
    ask(b"a signature")
    authority.mood = "replay"
    with pytest.raises(IntegrityError, match="another request"):
        ask(b"a signature")


@pytest.mark.parametrize("mood", ["page", "error", "huge", "redirect"])
def test_whatever_is_no_answer_is_unavailable(authority: TimeAuthority, mood: str) -> None:
    authority.mood = mood
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1: no timestamp, but status") as caught:
        asking(HttpTimestamps(authority.url), SystemRandom())(b"a signature")
    assert caught.value.hint


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    gone = TimeAuthority(tmp_path)
    gone.close()
    with pytest.raises(Unavailable, match="no answer"):
        HttpTimestamps(gone.url).exchange(b"q")


def test_answer_that_is_cut_off_is_unavailable() -> None:
    with serving() as place:
        place.answers["/"] = b"half of it"
        place.cut_off.add("/")
        with pytest.raises(Unavailable, match="no answer"):
            HttpTimestamps(f"{place.url}/").exchange(b"q")


@pytest.mark.parametrize("url", ["", "ftp://x", "file:///etc/passwd", "https://", "http://user:" + "word@host/", "x"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="http"):
        HttpTimestamps(url)
