# SPDX-License-Identifier: Apache-2.0
"""A verdict's known weaknesses as GitLab's dependency scanning report (security-report-schemas 15.2).

One vulnerability for each weakness and each file that pins its package. What policy waives is left out: the report has no word for it.
"""

from __future__ import annotations

from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.verdict import CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_gitlab import DEPENDENCIES, document, vulnerability
from pipeline_guard.report.escape import clip, visible

_KINDS = {"CVE-": "cve", "GHSA-": "ghsa"}  # as GitLab's own analyzers call them
_SEVERITIES = {"critical": "critical", "high": "high", "medium": "medium", "low": "low", "none": "info"}


def render_scan(_report: ScanReport) -> str:
    """Raise UsageError: a scan for keys knows of no packages."""
    raise UsageError("scan has no dependencies to report", "write gate --output gitlab-dependency=FILE")


def render_verdict(verdict: Verdict) -> str:
    """Return every weakness that is known, whether it blocks or not; what could not be looked up is a warning of the scan."""
    found: dict[str, dict[str, Any]] = {}
    for weakness in verdict.weaknesses:
        for path in dict.fromkeys(place.path for place in weakness.places):
            key = "\0".join((weakness.ids[0], weakness.ecosystem.value, weakness.name, weakness.version, path))
            found.setdefault(key, _vulnerability(weakness, path, key))
    unchecked = {
        (check.locations[0].path if check.locations else check.id, check.why): None
        for check in verdict.checks
        if check.id in DEPENDENCIES and check.status is CheckStatus.UNCHECKED
    }
    return document("dependency_scanning", list(found.values()), tuple(Unchecked(what, why) for what, why in unchecked))


def _vulnerability(weakness: Weakness, path: str, key: str) -> dict[str, Any]:
    severity = "critical" if weakness.malicious else _SEVERITIES.get(weakness.level, "unknown")
    title = weakness.summary or f"known weakness {weakness.ids[0]}"
    fix = (
        f"update {weakness.name} to {weakness.fixed} or later"
        if weakness.fixed
        else f"no version without it is known: take {weakness.name} out"
    )
    if weakness.malicious:
        fix = f"take {weakness.name} out: it was made to do harm"
    return vulnerability(key, DEPENDENCIES[weakness.malicious], title, severity, fix) | {
        "description": clip(visible(f"{weakness.name} {weakness.version} has {', '.join(weakness.ids)}: {title}"), 10_000),
        "identifiers": [_identifier(name) for name in weakness.ids],
        "location": {
            "file": visible(path),
            "dependency": {"package": {"name": visible(weakness.name)}, "version": visible(weakness.version)},
        },
    }


def _identifier(name: str) -> dict[str, str]:
    kind = next((kind for prefix, kind in _KINDS.items() if name.startswith(prefix)), "osv")
    return {"type": kind, "name": visible(name), "value": visible(name)}
