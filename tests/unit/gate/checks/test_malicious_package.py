# SPDX-License-Identifier: Apache-2.0
"""Packages published to do harm."""

from __future__ import annotations

from pipeline_guard.gate.checks.malicious_package import RULE, check
from pipeline_guard.gate.facts import AdvisoryFacts
from pipeline_guard.gate.weakness import Pinned
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

PINNED = Pinned(Ecosystem.NPM, "evil", "1.0.0", (Location("package-lock.json", 3),))


def weakness(*, malicious: bool) -> Weakness:
    return Weakness(Ecosystem.NPM, "evil", "1.0.0", PINNED.places, ("MAL-1",), "", -1.0, "steals", malicious)


def test_malice_counts_new_or_not_and_cannot_be_waived() -> None:
    for new in (True, False):
        (problem,) = check(AdvisoryFacts(PINNED, (weakness(malicious=True),), new), GateSettings())
        assert problem.what == "evil 1.0.0 is malicious (MAL-1): steals"
    assert not RULE.waivable


def test_weakness_without_malice_is_another_checks_business() -> None:
    assert list(check(AdvisoryFacts(PINNED, (weakness(malicious=False),)), GateSettings())) == []
