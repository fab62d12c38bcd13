# SPDX-License-Identifier: Apache-2.0
"""OSV records, as published and as nobody should publish them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.osv import ecosystem_of, from_row, lookup_name, parse, to_row
from pipeline_guard.gate.score import level_of, rate
from pipeline_guard.model.package import Ecosystem
from tests.fakes.osv import MODIFIED, record


def read(**parts: object) -> list[object]:
    return list(parse(json.dumps({**record("GHSA-1"), **parts}).encode(), "x.json")[2])


def test_record_becomes_an_advisory_and_comes_back_from_its_row() -> None:
    content = json.dumps(record("GHSA-1", "Jinja_2", aliases=["CVE-1-1", 7, "no id"], versions=["2.0", "4.0", "odd"])).encode()
    identifier, modified, (advisory,) = parse(content, "x.json")
    assert (identifier, modified) == ("GHSA-1", MODIFIED)
    assert (advisory.name, advisory.aliases, advisory.level, advisory.score) == ("jinja-2", ("CVE-1-1",), "high", 7.5)
    assert advisory.versions == ("4.0", "odd"), "what the range holds anyway is not kept"
    assert from_row(to_row(advisory)) == advisory
    with pytest.raises(UsageError):
        from_row(replace(to_row(advisory), body="{}"))


def test_withdrawn_record_is_none_and_git_ranges_and_foreign_ecosystems_are_left_out() -> None:
    assert read(withdrawn=MODIFIED) == []
    assert read(affected=[{"package": {"ecosystem": "Debian:12", "name": "a"}}]) == []
    (advisory,) = parse(
        json.dumps(record("A-10", events=()))
        .replace('"affected": [{', '"affected": [{"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], ')
        .encode(),
        "x",
    )[2]
    assert advisory.ranges == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"id": 7}', b'{"id": ".."}', b'{"id":"A-1","id":"A-2"}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        parse(content, "x.json")


def test_range_without_a_beginning_is_refused() -> None:
    with pytest.raises(UsageError, match="without a beginning"):
        parse(json.dumps(record("A-10", events=({"fixed": "1"},))).encode(), "x")


@pytest.mark.parametrize(
    "parts", [{"affected": "x"}, {"affected": [7]}, {"affected": [{"package": 7}]}, {"severity": "x", "aliases": {}, "summary": 7}]
)
def test_odd_parts_do_not_crash(parts: dict[str, object]) -> None:
    read(**parts)


def test_severity_is_the_newest_vector_then_the_databases_word_then_nothing() -> None:
    three = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    four = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}
    assert [(each.level, each.score) for each in read(severity=[three])] == [("critical", 9.8)]  # type: ignore[attr-defined]
    assert [each.level for each in read(severity=[three, four])] == ["low"]  # type: ignore[attr-defined]
    assert [each.level for each in read(severity=[], database_specific={"severity": "MODERATE"})] == ["medium"]  # type: ignore[attr-defined]
    assert [(each.level, each.score) for each in read(severity=[{"type": "CVSS_V3", "score": "junk"}])] == [("", -1.0)]  # type: ignore[attr-defined]
    assert rate([("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P")]) == ("high", 7.5)
    assert [level_of(score) for score in (0.0, 0.1, 4.0, 7.0, 9.0)] == ["none", "low", "medium", "high", "critical"]


def test_names_are_looked_up_in_one_spelling() -> None:
    assert lookup_name(Ecosystem.PYPI, "Zope.Interface__x") == "zope-interface-x"
    assert lookup_name(Ecosystem.CRATES, "Serde_JSON") == "serde-json"
    assert lookup_name(Ecosystem.SWIFT, "https://github.com/Apple/swift-nio.git") == "github.com/apple/swift-nio"
    assert lookup_name(Ecosystem.GO, "github.com/BurntSushi/toml") == "github.com/BurntSushi/toml"
    assert ecosystem_of("PyPI") is Ecosystem.PYPI
    assert ecosystem_of("Nix") is None
