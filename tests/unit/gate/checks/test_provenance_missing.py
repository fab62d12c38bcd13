# SPDX-License-Identifier: Apache-2.0
"""provenance-missing."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.provenance_missing import check
from pipeline_guard.gate.facts import PublishedFacts
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from tests.unit.gate.checks.published import GOOD, package, published


def doubts(attested: bool | None, *patterns: str) -> list[bool]:
    settings = GateSettings(dependencies=DependencySettings(attested=patterns))
    return [each.doubt for each in check(PublishedFacts(package(GOOD), published(attested=attested)), settings)]


@pytest.mark.parametrize(
    ("attested", "patterns", "found"),
    [
        (False, ("a",), [False]),
        (False, ("A",), [False]),
        (False, ("*",), [False]),
        (None, ("a",), [True]),
        (True, ("a",), []),
        (False, ("b", "ab*"), []),
        (False, (), []),
    ],
)
def test_listed_package_must_be_attested(attested: bool | None, patterns: tuple[str, ...], found: list[bool]) -> None:
    assert doubts(attested, *patterns) == found


def test_what_is_not_published_is_another_checks_business() -> None:
    settings = GateSettings(dependencies=DependencySettings(attested=("a",)))
    assert list(check(PublishedFacts(package(GOOD), None), settings)) == []
