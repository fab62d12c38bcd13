# SPDX-License-Identifier: Apache-2.0
"""From facts to one verdict."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.facts import ChangeFacts, Facts, GateFacts, Kind
from pipeline_guard.gate.judge import judge, validate
from pipeline_guard.gate.manifest.requirements import parse
from pipeline_guard.gate.model_file import Hazard, ModelFacts
from pipeline_guard.gate.registry import RULES
from pipeline_guard.model.gate_settings import GateSettings, Waived
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict

TODAY = date(2026, 11, 24)
PLAIN = GateSettings()
GOOD = (Kind.REQUIREMENTS, parse(f"a==1 --hash=sha256:{'a' * 64}".encode(), "requirements.txt"))
UNHASHED = (Kind.REQUIREMENTS, parse(b"a==1\nb==1\nc==1\nd==1\n", "requirements.txt"))
OTHER = (Kind.REQUIREMENTS, parse(b"z==1", "sub/requirements.txt"))


def decide(
    *found: tuple[Kind, Facts], settings: GateSettings = PLAIN, base: str = "", unchecked: tuple[tuple[Kind, Unchecked], ...] = ()
) -> Verdict:
    return judge(GateFacts(found, unchecked, 7, base), settings, TODAY)


def of(verdict: Verdict, identifier: str) -> list[Check]:
    return [check for check in verdict.checks if check.id == identifier]


def waiver(until: str = "2026-11-24", path: str = "", check: str = "requirement-unhashed") -> Waived:
    return Waived(check, "legacy", until, "ada", path)


def test_nothing_found_is_allowed_and_every_check_says_what_it_looked_at() -> None:
    verdict = decide(GOOD)
    assert verdict.outcome is Outcome.ALLOW
    assert [check.id for check in verdict.checks] == [rule.id for rule in RULES]
    assert {check.status for check in verdict.checks} == {CheckStatus.PASS}
    assert of(verdict, "requirement-unhashed")[0].why == "1 requirements file looked at"
    assert of(verdict, "pickle-unsafe")[0].why == "no model files among 7 files"


def test_a_problem_blocks_with_places_reason_and_fix() -> None:
    verdict = decide(UNHASHED)
    assert verdict.outcome is Outcome.BLOCK
    (check,) = of(verdict, "requirement-unhashed")
    assert check.status is CheckStatus.FAIL
    assert check.why.startswith("a, b, c and 1 more without a hash; ")
    assert [str(place) for place in check.locations] == [f"requirements.txt:{line}" for line in range(1, 5)]
    assert check.fix


def test_each_file_is_a_check_of_its_own() -> None:
    assert [check.locations[0].path for check in of(decide(UNHASHED, OTHER), "requirement-unhashed")] == [
        "requirements.txt",
        "sub/requirements.txt",
    ]


def test_what_was_not_looked_at_is_incomplete_unless_policy_allows_it() -> None:
    missing = ((Kind.GITLAB, Unchecked(".gitlab-ci.yml", "not valid YAML")),)
    verdict = decide(unchecked=missing)
    assert verdict.outcome is Outcome.INCOMPLETE
    (check,) = of(verdict, "include-unpinned")
    assert (check.status, check.why) == (CheckStatus.UNCHECKED, "not valid YAML")
    assert decide(unchecked=missing, settings=GateSettings(allow_unchecked=("include-unpinned",))).outcome is Outcome.ALLOW
    assert decide(unchecked=missing, settings=GateSettings(allow_unchecked=("pickle-unsafe",))).outcome is Outcome.INCOMPLETE


def test_one_unreadable_file_leaves_every_check_of_its_kind_open() -> None:
    verdict = decide(unchecked=((Kind.REQUIREMENTS, Unchecked("requirements.txt", "why")),))
    assert len([check for check in verdict.checks if check.status is CheckStatus.UNCHECKED]) == 4


def test_undecidable_model_is_unchecked_and_an_unsafe_one_fails() -> None:
    assert decide((Kind.MODEL, ModelFacts("m", 1, (), ("cut off",)))).outcome is Outcome.INCOMPLETE
    unsafe = ModelFacts("m", 1, (Hazard("", "calls os.system", "os.system", 3),), ("cut off",))
    verdict = decide((Kind.MODEL, unsafe))
    assert verdict.outcome is Outcome.BLOCK
    assert [check.status for check in of(verdict, "pickle-unsafe")] == [CheckStatus.FAIL]


def test_block_weighs_more_than_incomplete() -> None:
    assert decide(UNHASHED, unchecked=((Kind.MODEL, Unchecked("m", "w")),)).outcome is Outcome.BLOCK


def test_waiver_holds_through_its_last_day_and_shows_owner_and_end() -> None:
    verdict = decide(UNHASHED, settings=GateSettings(waivers=(waiver(),)))
    assert verdict.outcome is Outcome.ALLOW
    (check,) = of(verdict, "requirement-unhashed")
    assert check.status is CheckStatus.WAIVED
    assert "legacy (until 2026-11-24, ada)" in check.why


def test_expired_waiver_is_not_honoured_and_says_so() -> None:
    verdict = decide(UNHASHED, settings=GateSettings(waivers=(waiver("2026-11-23"),)))
    assert verdict.outcome is Outcome.BLOCK
    assert of(verdict, "requirement-unhashed")[0].why.endswith("the waiver of ada ended on 2026-11-23")


def test_waiver_of_a_path_or_of_another_check_covers_nothing_else() -> None:
    verdict = decide(UNHASHED, OTHER, settings=GateSettings(waivers=(waiver(path="sub/**"),)))
    assert [check.status for check in of(verdict, "requirement-unhashed")] == [CheckStatus.FAIL, CheckStatus.WAIVED]
    assert decide(UNHASHED, settings=GateSettings(waivers=(waiver(check="pickle-unsafe"),))).outcome is Outcome.BLOCK


@pytest.mark.parametrize(
    ("settings", "what", "hint"),
    [
        (GateSettings(waivers=(waiver(check="pickle-unsave"),)), "no check is called", "did you mean pickle-unsafe?"),
        (GateSettings(allow_unchecked=("xyz",)), "no check is called", "checks: "),
        (GateSettings(waivers=(waiver("tomorrow"),)), "not a date", "YYYY-MM-DD"),
        (GateSettings(waivers=(Waived("pickle-unsafe", " ", "2026-01-01", "ada"),)), "needs a reason", ""),
        (GateSettings(waivers=(Waived("pickle-unsafe", "r", "2026-01-01", ""),)), "needs a reason and an owner", ""),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: GateSettings, what: str, hint: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        validate(settings)
    assert hint in caught.value.hint


def test_changed_gate_files_are_shown_and_do_not_block() -> None:
    verdict = decide((Kind.CHANGE, ChangeFacts(".pipeline-guard.yml")), base="main")
    assert verdict.outcome is Outcome.ALLOW
    (check,) = of(verdict, "gate-file-changed")
    assert (check.status, check.locations[0].path) == (CheckStatus.PASS, ".pipeline-guard.yml")
    assert "merge target's policy" in check.why


def test_digest_and_source_of_the_policy_are_in_the_verdict() -> None:
    verdict = decide(settings=GateSettings(digest="ab", source="main:.pipeline-guard.yml"))
    assert (verdict.policy_digest, verdict.policy_source) == ("ab", "main:.pipeline-guard.yml")
