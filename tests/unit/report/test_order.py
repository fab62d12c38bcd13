# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pipeline_guard.model.finding import FindingStatus, Severity
from pipeline_guard.model.verdict import Outcome, Unchecked
from pipeline_guard.report.order import counting, failed_first, scan_counts, verdict_counts, worst_first
from tests.unit.report.samples import FAILED, PASSED, UNCHECKED, WAIVED, finding, scan, verdict


def test_severity_orders_before_place() -> None:
    found = worst_first([finding("a", Severity.INFO), finding("b", Severity.CRITICAL), finding("a", Severity.CRITICAL, line=1)])
    assert [(item.location.path, item.severity) for item in found] == [
        ("a", Severity.CRITICAL),
        ("b", Severity.CRITICAL),
        ("a", Severity.INFO),
    ]


def test_only_new_findings_count() -> None:
    report = scan(finding(status=FindingStatus.ALLOWED), finding(status=FindingStatus.BASELINE), finding("new.py"))
    assert [item.location.path for item in counting(report)] == ["new.py"]
    assert scan_counts(report) == "1 finding (1 high), 1 in the baseline, 1 allowed"


def test_counts_of_a_clean_scan_and_of_an_incomplete_one() -> None:
    assert scan_counts(scan()) == "0 findings"
    assert scan_counts(scan(unchecked=(Unchecked("x", "y"),))) == "0 findings, 1 not examined"


def test_failed_checks_come_first() -> None:
    assert failed_first(verdict(PASSED, WAIVED, UNCHECKED, FAILED)) == [FAILED, UNCHECKED, WAIVED, PASSED]
    assert verdict_counts(verdict(PASSED, FAILED)) == "block: 1 failed, 1 passed"
    assert verdict_counts(verdict(outcome=Outcome.ALLOW)) == "allow: no checks"
