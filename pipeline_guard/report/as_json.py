# SPDX-License-Identifier: Apache-2.0
"""Results as JSON documents; the contract's field names live here and nowhere else.

Non-ASCII characters are written as escapes: a file name with bidi marks cannot rearrange a terminal,
and one that is no UTF-8 (a lone surrogate, PEP 383) still is legal JSON and reads back as the same text.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline_guard.model.finding import Finding, ScanReport, ScanStats
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, Unchecked, Verdict
from pipeline_guard.report.order import failed_first, worst_first

SCAN_SCHEMA = "pipeline-guard/scan-report/v1"
SCAN_STATS_SCHEMA = "pipeline-guard/scan-stats/v1"
VERDICT_SCHEMA = "pipeline-guard/verdict/v1"
VERDICT_STATS_SCHEMA = "pipeline-guard/verdict-stats/v1"


def dump(document: object, *, indent: int | None = 2) -> str:
    """Write one JSON text in ASCII; ``indent=None`` gives a single line.

    ``##[`` can only stand inside a text, so its second character may be an escape: no command for GitHub's runner.
    """
    return json.dumps(document, indent=indent, allow_nan=False).replace("##[", "#\\u0023[")


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return one finding as the contract names its fields; optional ones are left out where empty."""
    place = finding.location
    document: dict[str, Any] = {
        "rule": finding.rule,
        "title": finding.title,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "byte_start": place.byte_start,
        "byte_end": place.byte_end,
        "commit": commit_of(finding),
        "author": finding.origin.author if finding.origin else "",
        "date": finding.origin.date if finding.origin else "",
        "decoded_from": finding.decoded_from,
        "fingerprint": finding.fingerprint,
        "preview": finding.preview,
        "status": finding.status.value,
        "hint": finding.hint,
    }
    return _without_empty(document, ("commit", "author", "date", "decoded_from"))


def commit_of(finding: Finding) -> str:
    """Return the commit a finding belongs to; "" for the work tree."""
    return finding.origin.commit if finding.origin else finding.location.commit


def location_document(place: Location) -> dict[str, Any]:
    """Return a place; a line of 0 means the whole file."""
    document: dict[str, Any] = {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "byte_start": place.byte_start,
        "byte_end": place.byte_end,
        "commit": place.commit,
    }
    return _without_empty(document, ("commit",))


def unchecked_document(unchecked: Unchecked) -> dict[str, str]:
    """Return what could not be looked at, and why."""
    return {"path": unchecked.what, "why": unchecked.why}


def stats_document(stats: ScanStats) -> dict[str, Any]:
    """Return how much was looked at."""
    return {"files": stats.files, "bytes": stats.bytes, "commits": stats.commits, "seconds": round(stats.seconds, 3)}


def check_document(check: Check) -> dict[str, Any]:
    """Return one check of a verdict."""
    return {
        "id": check.id,
        "status": check.status.value,
        "why": check.why,
        "locations": [location_document(place) for place in check.locations],
        "fix": check.fix,
    }


def policy_document(verdict: Verdict) -> dict[str, str]:
    """Return which policy a verdict was judged by."""
    return {"digest": verdict.policy_digest, "source": verdict.policy_source}


def render_scan(report: ScanReport) -> str:
    """Return the scan report document."""
    document = {
        "schema": SCAN_SCHEMA,
        "findings": [finding_document(finding) for finding in worst_first(report.findings)],
        "unchecked": [unchecked_document(unchecked) for unchecked in report.unchecked],
        "stats": stats_document(report.stats),
    }
    return dump(document) + "\n"


def render_verdict(verdict: Verdict) -> str:
    """Return the verdict document."""
    document = {
        "schema": VERDICT_SCHEMA,
        "verdict": verdict.outcome.value,
        "checks": [check_document(check) for check in failed_first(verdict)],
        "policy": policy_document(verdict),
    }
    return dump(document) + "\n"


def _without_empty(document: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value != "" or key not in optional}
