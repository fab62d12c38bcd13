# SPDX-License-Identifier: Apache-2.0
"""What a forge is shown of a verdict: bounded, worst first, and no text of a stranger as markup."""

from __future__ import annotations

import json

from pipeline_guard.model.forge import ForgeEvent
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Verdict
from pipeline_guard.report.publication import belief_of, publication_of, refusal_of

EVENT = ForgeEvent("github", "pull_request", "acme/app", "a" * 40, change="7")


def made(*checks: Check, outcome: Outcome = Outcome.BLOCK) -> Verdict:
    return Verdict(outcome, checks, "0" * 64, "main:.pipeline-guard.yml")


def test_title_names_what_failed_and_notices_point_to_it() -> None:
    failed = Check("action-unpinned", CheckStatus.FAIL, "a tag moves", (Location("a.yml", 3), Location("b.yml", 0)), "pin it")
    unseen = Check("pickle-unsafe", CheckStatus.UNCHECKED, "too large", (Location("m.bin"),))
    fine = Check("requirement-unpinned", CheckStatus.PASS, "fine", (Location("r.txt"),))
    found = publication_of(made(unseen, fine, failed), EVENT, "gate", has_comment=True, has_sarif=True)
    assert (found.is_good, found.title) == (False, "blocked: action-unpinned")
    assert [(each.path, each.line, each.level) for each in found.notices] == [
        ("a.yml", 3, "failure"),
        ("b.yml", 1, "failure"),
        ("m.bin", 1, "warning"),
    ]
    assert "Fix: pin it" in found.notices[0].message
    assert json.loads(found.sarif)["version"] == "2.1.0"


def test_only_an_allowance_is_good() -> None:
    good = {outcome: publication_of(made(outcome=outcome), EVENT, "gate", has_comment=True, has_sarif=False) for outcome in Outcome}
    assert [outcome for outcome, found in good.items() if found.is_good] == [Outcome.ALLOW]
    assert {found.sarif for found in good.values()} == {b""}


def test_thousands_of_checks_stay_within_what_a_comment_holds() -> None:
    checks = [Check(f"check-{n}", CheckStatus.FAIL, "why " * 60, (Location(f"{n}.yml", 1),)) for n in range(2000)]
    found = publication_of(made(*checks), EVENT, "gate", has_comment=True, has_sarif=False)
    assert len(found.summary) < 65_000
    assert found.summary.endswith("more: see the job's log and report files\n")
    assert len(found.title) > 140  # cut where it is posted: each forge has its own limit


def test_hostile_reasons_are_no_markup_and_no_mention() -> None:
    why = "x: @everyone <img src=x> [a](javascript:b)\n## heading\x1b[2J"
    for found in (
        refusal_of(EVENT, "gate", why, has_comment=True),
        publication_of(made(Check("a", CheckStatus.FAIL, why, (Location("p@q", 1),))), EVENT, "gate", has_comment=True, has_sarif=False),
    ):
        assert not {"@", "<img", "](", "\x1b"} & {part for part in ("@", "<img", "](", "\x1b") if part in found.summary}
        assert "\n## heading" not in found.summary
        assert "\x1b" not in found.title + "".join(each.message for each in found.notices)


def test_signed_verdict_is_shown_with_its_commit_and_report() -> None:
    found = belief_of(EVENT, "gate", "f" * 64, has_comment=False)
    assert (found.is_good, found.has_comment, found.notices) == (True, False, ())
    assert "a" * 40 in found.summary
    assert "f" * 64 in found.summary
