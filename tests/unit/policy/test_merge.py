# SPDX-License-Identifier: Apache-2.0
"""The organisation over the repository: only tighter."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.gate_settings import AdvisorySettings, ArtifactDemand, GateSettings, Waived
from pipeline_guard.policy.merge import merge

PLAIN = GateSettings(digest="d1", source="org")
WAIVER = Waived("pickle-unsafe", "r", "2999-01-01", "ada")


def own(**settings: Any) -> GateSettings:
    return GateSettings(source="repo", digest="d2", **settings)


def rules(**settings: Any) -> AdvisorySettings:
    return AdvisorySettings(**settings)


def test_demands_add_up_and_the_digest_is_of_both() -> None:
    one, two = ArtifactDemand("a", "k"), ArtifactDemand("b", "k")
    merged = merge(replace(PLAIN, artifacts=(one,)), own(artifacts=(two, one)))
    assert (merged.artifacts, merged.source) == ((one, two), "org over repo")
    assert len({merged.digest, merge(PLAIN, own()).digest, "d1", "d2"}) == 3 + (merge(PLAIN, own()).digest != merged.digest)
    assert merge(PLAIN, replace(own(), digest="d3")).digest != merge(PLAIN, own()).digest


@pytest.mark.parametrize(
    ("tighter", "field", "value"),
    [
        (own(network="require"), "network", "require"),
        (own(advisories=rules(threshold="low")), "advisories", rules(threshold="low")),
        (own(advisories=rules(scope="all")), "advisories", rules(scope="all")),
        (own(advisories=rules(max_age=timedelta(days=1))), "advisories", rules(max_age=timedelta(days=1))),
        (own(advisories=rules(database="db")), "advisories", rules(database="db")),
        (own(lookup=(("npm", "https://r.example"),)), "lookup", (("npm", "https://r.example"),)),
    ],
)
def test_tighter_settings_hold(tighter: GateSettings, field: str, value: Any) -> None:
    assert getattr(merge(PLAIN, tighter), field) == value


@pytest.mark.parametrize(
    ("organisation", "looser", "named"),
    [
        (PLAIN, own(waivers=(WAIVER,)), "gate.waive: pickle-unsafe"),
        (PLAIN, own(allow_unchecked=("pickle-unsafe",)), "gate.allow-unchecked: pickle-unsafe"),
        (PLAIN, own(exclude=("**",)), "gate.exclude: **"),
        (PLAIN, own(advisories=rules(threshold="critical")), "gate.advisories.threshold: critical"),
        (PLAIN, own(advisories=rules(unscored="pass")), "gate.advisories.unscored: pass"),
        (replace(PLAIN, advisories=rules(database="db", key="k")), own(advisories=rules(key="other")), "gate.advisories.key: other"),
        (replace(PLAIN, advisories=rules(database="db")), own(advisories=rules(database="mine")), "gate.advisories.database: mine"),
        (replace(PLAIN, lookup=(("npm", "https://a"),)), own(lookup=(("npm", "https://b"),)), "gate.lookup: npm"),
    ],
)
def test_looser_settings_are_refused_by_name(organisation: GateSettings, looser: GateSettings, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        merge(organisation, looser)
    assert named in caught.value.what


def test_silence_of_the_repository_is_no_loosening() -> None:
    strict = replace(
        PLAIN,
        network="require",
        advisories=rules(database="db", key="k", threshold="low", scope="all", max_age=timedelta(days=1)),
        waivers=(WAIVER,),
    )
    merged = merge(strict, own())
    assert replace(merged, digest="", source="") == replace(strict, digest="", source="")


def test_what_is_delegated_may_be_loosened() -> None:
    loose = own(waivers=(WAIVER,), exclude=("x",))
    assert merge(PLAIN, loose, ("waive", "exclude")).waivers == (WAIVER,)
    with pytest.raises(UsageError, match=r"gate\.exclude"):
        merge(PLAIN, loose, ("waive",))


def test_every_excuse_the_organisation_makes_holds() -> None:
    assert merge(replace(PLAIN, waivers=(WAIVER,)), own(waivers=(WAIVER,))).waivers == (WAIVER,)


def test_every_setting_is_merged_somehow() -> None:
    merged = merge(PLAIN, own())
    assert {field.name for field in fields(GateSettings)} == {field.name for field in fields(merged)}
