# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.verdict import CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_codequality import render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict


def issues(text: str) -> list[dict[str, Any]]:
    """Read a report and check what GitLab demands of each issue."""
    found = json.loads(text)
    for issue in found:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["location"]["path"].isprintable()
    assert len({issue["fingerprint"] for issue in found}) == len(found)
    return found


def test_severities_map_to_gitlabs_words() -> None:
    found = issues(render_scan(scan(*(finding(severity.value, severity) for severity in Severity))))
    assert [issue["severity"] for issue in found] == ["blocker", "critical", "major", "minor", "info"]


def test_accepted_findings_are_left_out_and_unexamined_files_are_not() -> None:
    report = scan(finding(status=FindingStatus.ALLOWED), unchecked=(Unchecked("big.bin", "too large"),))
    (issue,) = issues(render_scan(report))
    assert (issue["check_name"], issue["location"]["path"], issue["severity"]) == ("unchecked", "big.bin", "info")


def test_fingerprint_survives_a_move_and_differs_for_a_second_copy() -> None:
    (before,) = issues(render_scan(scan(finding(line=3))))
    after = issues(render_scan(scan(finding(line=30), finding(line=40))))
    assert before["fingerprint"] == after[0]["fingerprint"] != after[1]["fingerprint"]


def test_failed_and_unchecked_checks_are_issues_at_each_place() -> None:
    found = issues(render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)))
    assert [issue["location"]["path"] for issue in found] == ["requirements.txt", "other.txt", "model.bin"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_escaped(name: str) -> None:
    assert len(issues(render_scan(scan(finding(name))))) == 1


@given(REPORTS)
def test_any_scan_gives_unique_issues(report: ScanReport) -> None:
    new = sum(item.status is FindingStatus.NEW for item in report.findings)
    assert len(issues(render_scan(report))) == new + len(report.unchecked)


@given(VERDICTS)
def test_any_verdict_gives_unique_issues(result: Verdict) -> None:
    shown = [check for check in result.checks if check.status in (CheckStatus.FAIL, CheckStatus.UNCHECKED)]
    assert len(issues(render_verdict(result))) == sum(max(len(check.locations), 1) for check in shown)
