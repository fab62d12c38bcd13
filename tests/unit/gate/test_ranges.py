# SPDX-License-Identifier: Apache-2.0
"""Whether a version lies in a range, as the OSV schema says."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.ranges import affects, contains, repairs
from pipeline_guard.model.advisory import Advisory, Range
from pipeline_guard.model.package import Ecosystem


def spans(*events: tuple[str, str]) -> tuple[Range, ...]:
    return (Range(events),)


TWO = spans(("introduced", "0"), ("fixed", "1.2"), ("introduced", "2.0"), ("fixed", "2.3"))


@pytest.mark.parametrize(
    ("ranges", "version", "inside"),
    [
        (TWO, "0.1", True),
        (TWO, "1.2", False),
        (TWO, "1.9", False),
        (TWO, "2.0", True),
        (TWO, "2.2.9", True),
        (TWO, "2.3", False),
        (spans(("fixed", "2.3"), ("introduced", "2.0")), "2.1", True),
        (spans(("fixed", "2.3"), ("introduced", "2.0")), "1.9", False),
        (spans(("introduced", "1.0"), ("last_affected", "1.5")), "1.5", True),
        (spans(("introduced", "1.0"), ("last_affected", "1.5")), "1.5.1", False),
        (spans(("introduced", "1.0")), "99", True),
        (spans(("introduced", "1.0"), ("limit", "2.0")), "2.0", False),
        (spans(("introduced", "1.0"), ("limit", "*")), "2.0", True),
        (spans(("introduced", "0")), "no version at all", True),
        (spans(("introduced", "1.0")), "no version at all", None),
        (spans(("introduced", "nonsense")), "1.0", None),
        ((), "1.0", False),
        ((*spans(("introduced", "nonsense")), *spans(("introduced", "0"), ("fixed", "2"))), "1.0", True),
    ],
)
def test_range(ranges: tuple[Range, ...], version: str, inside: bool | None) -> None:
    assert contains(Ecosystem.PYPI, ranges, version) is inside


def test_listed_version_needs_no_order() -> None:
    advisory = Advisory("A-1", Ecosystem.PYPI, "a", ranges=spans(("introduced", "5")), versions=("2004d",))
    assert affects(advisory, "2004d") is True
    assert affects(advisory, "2004e") is None
    assert affects(advisory, "4.0") is False


def test_repairs_ascend_and_lie_beyond() -> None:
    advisories = [
        Advisory("A-1", Ecosystem.PYPI, "a", ranges=TWO),
        Advisory("A-2", Ecosystem.PYPI, "a", ranges=spans(("introduced", "0"), ("fixed", "1.10"), ("fixed", "nonsense"))),
    ]
    assert repairs(advisories, "1.1") == ["1.2", "1.10", "2.3"]
    assert repairs(advisories, "nonsense") == []
