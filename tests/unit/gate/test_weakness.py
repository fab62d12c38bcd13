# SPDX-License-Identifier: Apache-2.0
"""What is known against one pinned package."""

from __future__ import annotations

from pipeline_guard.gate.weakness import Pinned, is_at_least, pinned, weaknesses
from pipeline_guard.model.advisory import Advisory, Range
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Package, PackageSource

PLACE = Location("uv.lock", 7)


def advisory(identifier: str, fixed: str = "2.0", *aliases: str, level: str = "high", score: float = 7.0) -> Advisory:
    events = (("introduced", "0"), ("fixed", fixed)) if fixed else (("introduced", "0"),)
    return Advisory(identifier, Ecosystem.PYPI, "a", aliases, (Range(events),), (), level, score, f"about {identifier}")


def known(version: str, *advisories: Advisory) -> list[tuple[tuple[str, ...], str, str, str]]:
    found, _ = weaknesses(Pinned(Ecosystem.PYPI, "a", version, (PLACE,)), advisories)
    return [(each.ids, each.level, each.fixed, each.mended) for each in found]


def test_records_that_share_a_name_are_one_weakness_even_by_way_of_a_third() -> None:
    one, two = advisory("GHSA-1", "2.0", "CVE-1"), advisory("PYSEC-1", "2.1", "X-1", level="", score=-1)
    three = advisory("SNYK-1", "2.0", "CVE-1", "X-1")
    assert known("1.0", one, two) == [(("CVE-1", "GHSA-1"), "high", "2.0", "2.1"), (("PYSEC-1", "X-1"), "", "2.1", "2.1")]
    assert known("1.0", one, two, three) == [(("CVE-1", "GHSA-1", "PYSEC-1", "SNYK-1", "X-1"), "high", "2.1", "2.1")]


def test_smallest_fix_and_smallest_version_without_any_are_told_apart() -> None:
    assert known("1.0", advisory("A-1", "1.1"), advisory("A-2", "1.5")) == [
        (("A-1",), "high", "1.1", "1.5"),
        (("A-2",), "high", "1.5", "1.5"),
    ]
    assert known("1.2", advisory("A-1", "1.1"), advisory("A-2", "1.5")) == [(("A-2",), "high", "1.5", "1.5")]
    assert known("1.0", advisory("A-1", "")) == [(("A-1",), "high", "", "")]


def test_what_cannot_be_compared_is_unchecked_not_clean() -> None:
    found, unsure = weaknesses(Pinned(Ecosystem.PYPI, "a", "not-a-version", (PLACE,)), [advisory("A-1")])
    assert found == []
    assert [(item.what, "A-1" in item.why) for item in unsure] == [("uv.lock", True)]


def test_other_packages_advisories_do_not_count() -> None:
    found, unsure = weaknesses(Pinned(Ecosystem.NPM, "a", "1.0.0", (PLACE,)), [advisory("A-1")])
    assert (found, unsure) == ([], [])


def test_packages_are_pinned_once_with_all_their_places() -> None:
    packages = [
        Package(Ecosystem.PYPI, "A_b", "1", PLACE),
        Package(Ecosystem.PYPI, "a-b", "1", Location("other.lock", 2)),
        Package(Ecosystem.PYPI, "self", "1", PLACE, PackageSource("root")),
        Package(Ecosystem.PYPI, "unpinned", "", PLACE),
    ]
    assert pinned(packages) == [Pinned(Ecosystem.PYPI, "a-b", "1", (PLACE, Location("other.lock", 2)))]


def test_levels_are_ordered() -> None:
    assert is_at_least("critical", "high")
    assert is_at_least("medium", "medium")
    assert not is_at_least("none", "low")
