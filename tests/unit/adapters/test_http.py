# SPDX-License-Identifier: Apache-2.0
"""Our way with HTTP, against a real server that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_guard.adapters.http import Client, Missing
from pipeline_guard.errors import Unavailable
from tests.fakes.http import Place, serving

HUSH = "hush"


@pytest.fixture
def place() -> Iterator[Place]:
    with serving() as found:
        yield found


def test_answer_is_returned_and_a_second_try_helps(place: Place) -> None:
    place.answers["/a"] = iter([503, b"content"])
    assert Client().get(f"{place.url}/a", 100) == b"content"
    assert place.asked == ["/a", "/a"]


def test_what_is_not_there_is_missing_and_asked_once(place: Place) -> None:
    with pytest.raises(Missing):
        Client().get(f"{place.url}/none", 100)
    assert place.asked == ["/none"]


def test_refusal_is_not_repeated(place: Place) -> None:
    place.answers["/a"] = 403
    with pytest.raises(Unavailable, match="403"):
        Client().get(f"{place.url}/a", 100)
    assert place.asked == ["/a"]


def test_answer_over_the_limit_is_refused(place: Place) -> None:
    place.answers["/a"] = b"x" * 101
    with pytest.raises(Unavailable, match="larger than 100"):
        Client().get(f"{place.url}/a", 100)


def test_answer_that_was_cut_off_is_no_answer(place: Place) -> None:
    place.answers["/a"] = b"half"
    place.cut_off.add("/a")
    with pytest.raises(Unavailable):
        Client().get(f"{place.url}/a", 100)


def test_redirect_stays_on_its_host(place: Place) -> None:
    place.answers["/b"] = b"here"
    place.redirects["/a"] = "/b"
    place.redirects["/out"] = "http://localhost:1/b"
    place.redirects["/loop"] = "/loop"
    assert Client().get(f"{place.url}/a", 100) == b"here"
    with pytest.raises(Unavailable, match="another host"):
        Client().get(f"{place.url}/out", 100)
    with pytest.raises(Unavailable, match="redirects"):
        Client().get(f"{place.url}/loop", 100)


def test_nobody_there_is_unavailable_and_no_password_is_shown(place: Place) -> None:
    with pytest.raises(Unavailable) as caught:
        Client().get(f"http://user:{HUSH}@127.0.0.1:1/a?token={HUSH}", 100)
    assert HUSH not in caught.value.what


def test_what_is_no_json_is_unavailable(place: Place) -> None:
    place.answers["/a"] = b"<html>"
    with pytest.raises(Unavailable, match="no JSON"):
        Client().post(f"{place.url}/a", {}, 100)
