# SPDX-License-Identifier: Apache-2.0
"""What comes first in every report, and how many there are of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipeline_guard.model.finding import Confidence, Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.verdict import Check, CheckStatus, Verdict

_CONFIDENCES = tuple(Confidence)
_STATUSES = (CheckStatus.FAIL, CheckStatus.UNCHECKED, CheckStatus.WAIVED, CheckStatus.PASS)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings: those that count, then by severity, confidence and place."""
    return sorted(
        findings,
        key=lambda finding: (
            finding.status is not FindingStatus.NEW,
            -finding.severity.rank,
            _CONFIDENCES.index(finding.confidence),
            finding.location,
            finding.rule,
        ),
    )


def counting(report: ScanReport) -> list[Finding]:
    """Return the findings that count, worst first."""
    return worst_first(finding for finding in report.findings if finding.status is FindingStatus.NEW)


def failed_first(verdict: Verdict) -> list[Check]:
    """Order checks: failed, unchecked, waived, passed; within each as the gate gave them."""
    return sorted(verdict.checks, key=lambda check: _STATUSES.index(check.status))


def scan_counts(report: ScanReport) -> str:
    """Say in one line how many findings there are, of which severities, and what does not count."""
    new = counting(report)
    severities = Counter(finding.severity for finding in new)
    parts = ", ".join(f"{severities[severity]} {severity.value}" for severity in Severity if severities[severity])
    text = f"{len(new)} finding{'' if len(new) == 1 else 's'}" + (f" ({parts})" if parts else "")
    statuses = Counter(finding.status for finding in report.findings)
    if statuses[FindingStatus.BASELINE]:
        text += f", {statuses[FindingStatus.BASELINE]} in the baseline"
    if statuses[FindingStatus.ALLOWED]:
        text += f", {statuses[FindingStatus.ALLOWED]} allowed"
    if report.unchecked:
        text += f", {len(report.unchecked)} not examined"
    return text


def verdict_counts(verdict: Verdict) -> str:
    """Say in one line what the verdict is and how many checks ended how."""
    statuses = Counter(check.status for check in verdict.checks)
    words = {CheckStatus.FAIL: "failed", CheckStatus.UNCHECKED: "unchecked", CheckStatus.WAIVED: "waived", CheckStatus.PASS: "passed"}
    parts = ", ".join(f"{statuses[status]} {words[status]}" for status in _STATUSES if statuses[status])
    return f"{verdict.outcome.value}: {parts or 'no checks'}"
