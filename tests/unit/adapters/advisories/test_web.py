# SPDX-License-Identifier: Apache-2.0
"""OSV over real HTTP: a server of ours that answers in the documented shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.advisories.web import OsvService, WebFeed, open_feed
from pipeline_guard.errors import Unavailable, UsageError
from tests.fakes.http import Place, serving
from tests.fakes.osv import publish, record


@pytest.fixture
def place() -> Iterator[Place]:
    with serving() as found:
        yield found


def service(place: Place, known: dict[str, list[str]], page: int = 1000) -> OsvService:
    """Answer queries as api.osv.dev does: ids only, pages by token, records one by one."""

    def batch(body: bytes) -> Any:
        results = []
        for query in json.loads(body)["queries"]:
            start = int(query.get("page_token", 0))
            ids = known.get(query["package"]["name"], [])
            result: dict[str, Any] = (
                {"vulns": [{"id": each, "modified": "2026-01-01T00:00:00Z"} for each in ids[start : start + page]]} if ids else {}
            )
            if start + page < len(ids):
                result["next_page_token"] = str(start + page)
            results.append(result)
        return {"results": results}

    place.answers["/v1/querybatch"] = batch
    for name, ids in known.items():
        for each in ids:
            place.answers[f"/v1/vulns/{each}"] = record(each, name)
    return OsvService(place.url + "/")


def test_records_come_each_once_over_pages_and_batches(place: Place) -> None:
    asked = service(place, {"a": ["A-10", "A-11", "A-12"], "b": ["A-10"]}, page=1)
    packages = [("PyPI", f"x{number}", "1") for number in range(1500)] + [("PyPI", "a", "1"), ("PyPI", "b", "1")]
    found = [json.loads(content)["id"] for content in asked.records(packages)]
    assert sorted(found) == ["A-10", "A-11", "A-12"]
    assert place.asked.count("/v1/querybatch") == 4, "two batches, and two pages more of the second"


@pytest.mark.parametrize("answer", [{"results": []}, {}, [], {"results": [7]}, b"<html>", 500, 404])
def test_answer_of_another_shape_is_unavailable(place: Place, answer: Any) -> None:
    place.answers["/v1/querybatch"] = answer
    with pytest.raises(Unavailable):
        OsvService(place.url).records([("PyPI", "a", "1")])


def test_record_that_cannot_be_fetched_is_unavailable(place: Place) -> None:
    asked = service(place, {"a": ["A-10"]})
    del place.answers["/v1/vulns/A-10"]
    with pytest.raises(Unavailable):
        asked.records([("PyPI", "a", "1")])


def test_endless_pages_end(place: Place) -> None:
    place.answers["/v1/querybatch"] = {"results": [{"next_page_token": "again"}]}
    with pytest.raises(Unavailable, match="pages"):
        OsvService(place.url).records([("PyPI", "a", "1")])


def test_feed_is_read_as_it_is_published(place: Place, tmp_path: Path) -> None:
    publish(tmp_path, [record("A-10")])
    for path in (tmp_path / "PyPI").iterdir():
        place.answers[f"/PyPI/{path.name}"] = path.read_bytes()
    feed = WebFeed(place.url, ["PyPI"])
    assert [name for name, _ in feed.archive("PyPI")] == ["A-10.json"]  # type: ignore[misc]
    assert list(feed.changes("PyPI")) == [("2026-11-20T10:00:00Z", "A-10")]
    assert json.loads(feed.record("PyPI", "A-10"))["id"] == "A-10"
    with pytest.raises(Unavailable):
        list(feed.archive("npm"))


def test_address_wants_the_ecosystems_named() -> None:
    with pytest.raises(UsageError, match="ecosystems"):
        open_feed("https://h.example", [])
