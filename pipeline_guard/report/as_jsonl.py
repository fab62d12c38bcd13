# SPDX-License-Identifier: Apache-2.0
"""Results as JSON lines: one finding or check a line, then one line with the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.verdict import CheckStatus, Verdict
from pipeline_guard.report.as_json import (
    SCAN_STATS_SCHEMA,
    VERDICT_STATS_SCHEMA,
    check_document,
    dump,
    finding_document,
    policy_document,
    stats_document,
    unchecked_document,
)
from pipeline_guard.report.order import failed_first, worst_first


def render_scan(report: ScanReport) -> str:
    """Return the findings, worst first, then the statistics with everything that was not examined."""
    statuses = Counter(finding.status for finding in report.findings)
    closing = {
        "schema": SCAN_STATS_SCHEMA,
        "findings": len(report.findings),
        **{status.value: statuses[status] for status in FindingStatus},
        **stats_document(report.stats),
        "unchecked": [unchecked_document(unchecked) for unchecked in report.unchecked],
    }
    return _lines([*(finding_document(finding) for finding in worst_first(report.findings)), closing])


def render_verdict(verdict: Verdict) -> str:
    """Return the checks, failed ones first, then the verdict."""
    statuses = Counter(check.status for check in verdict.checks)
    closing = {
        "schema": VERDICT_STATS_SCHEMA,
        "verdict": verdict.outcome.value,
        **{status.value: statuses[status] for status in CheckStatus},
        "policy": policy_document(verdict),
    }
    return _lines([*(check_document(check) for check in failed_first(verdict)), closing])


def _lines(documents: Iterable[dict[str, Any]]) -> str:
    return "".join(dump(document, indent=None) + "\n" for document in documents)
