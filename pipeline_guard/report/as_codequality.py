# SPDX-License-Identifier: Apache-2.0
"""Results as GitLab's code quality report, the form that merge requests show in every tier.

It has no word for "accepted": what the baseline or an allowance covers is left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from pipeline_guard.model.finding import ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import CheckStatus, Verdict
from pipeline_guard.report.as_json import dump
from pipeline_guard.report.escape import visible
from pipeline_guard.report.order import counting, failed_first

_SEVERITY = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


class _Issues:
    """Collects issues, each with a fingerprint that is unique here and the same in the next run."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self._seen: Counter[str] = Counter()

    def add(self, name: str, text: str, place: Location, *, severity: str, identity: str) -> None:
        """Add an issue; the same identity in the same file again differs by its count, never by its line."""
        key = f"{name}\0{place.path}\0{identity}"
        self._seen[key] += 1
        digest = hashlib.sha256(f"{key}\0{self._seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()
        self.documents.append(
            {
                "description": visible(text),
                "check_name": visible(name),
                "fingerprint": digest,
                "severity": severity,
                "location": {"path": visible(place.path), "lines": {"begin": max(place.line, 1)}},
            }
        )


def render_scan(report: ScanReport) -> str:
    """Return the findings that count, and what was not examined as ``info``."""
    issues = _Issues()
    for finding in counting(report):
        text = f"{finding.title} ({finding.preview}). {finding.hint}".strip()
        issues.add(finding.rule, text, finding.location, severity=_SEVERITY[finding.severity], identity=finding.fingerprint)
    for item in report.unchecked:
        issues.add("unchecked", f"not examined: {item.why}", Location(item.what), severity="info", identity=item.why)
    return dump(issues.documents) + "\n"


def render_verdict(verdict: Verdict) -> str:
    """Return the checks that failed or could not look, one issue a place."""
    issues = _Issues()
    for check in failed_first(verdict):
        if check.status not in (CheckStatus.FAIL, CheckStatus.UNCHECKED):
            continue
        text = check.why + (f" Fix: {check.fix}" if check.fix else "")
        severity = "critical" if check.status is CheckStatus.FAIL else "info"
        for place in check.locations or (Location(verdict.policy_source or "."),):
            issues.add(check.id, text, place, severity=severity, identity=check.why)
    return dump(issues.documents) + "\n"
