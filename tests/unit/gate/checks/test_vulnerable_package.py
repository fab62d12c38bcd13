# SPDX-License-Identifier: Apache-2.0
"""Weaknesses that reach the threshold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline_guard.gate.checks.vulnerable_package import check
from pipeline_guard.gate.facts import AdvisoryFacts
from pipeline_guard.gate.weakness import Pinned
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.gate_settings import AdvisorySettings, GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

PINNED = Pinned(Ecosystem.NPM, "a", "1.0.0", (Location("package-lock.json", 3), Location("b.json", 4)))
WEAK = Weakness(Ecosystem.NPM, "a", "1.0.0", PINNED.places, ("CVE-1", "GHSA-1"), "high", 7.5, "bad.", False, "1.0.1", "1.2.0")


def problems(weakness: Weakness = WEAK, *, new: bool = True, **rules: str) -> list[tuple[str, int, str, str]]:
    settings = GateSettings(advisories=AdvisorySettings(**rules))  # type: ignore[arg-type]
    found = check(AdvisoryFacts(PINNED, (weakness,), new), settings)
    return [(each.location.path, each.location.line, each.what, each.fix) for each in found]


def test_every_place_is_a_problem_with_ids_level_and_fix() -> None:
    first, second = problems()
    assert first == (
        "package-lock.json",
        3,
        "a 1.0.0 has CVE-1 (GHSA-1), high 7.5: bad",
        "update a to 1.0.1 or later; 1.2.0 is without any that is known",
    )
    assert second[:2] == ("b.json", 4)


@pytest.mark.parametrize(
    ("level", "rules", "count"),
    [
        ("high", {}, 2),
        ("medium", {}, 2),
        ("low", {}, 0),
        ("none", {}, 0),
        ("", {}, 2),
        ("", {"unscored": "pass"}, 0),
        ("high", {"threshold": "critical"}, 0),
    ],
)
def test_threshold_and_the_rule_for_what_has_no_score(level: str, rules: dict[str, str], count: int) -> None:
    assert len(problems(replace(WEAK, level=level, score=-1.0), **rules)) == count


def test_what_is_not_new_counts_only_where_everything_does() -> None:
    assert problems(new=False) == []
    assert len(problems(new=False, scope="all")) == 2


def test_without_a_fix_the_advice_is_to_take_it_out() -> None:
    assert problems(replace(WEAK, fixed="", mended=""))[0][3] == "no version without it is known: take a out, or waive CVE-1 for a while"
