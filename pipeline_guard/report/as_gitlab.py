# SPDX-License-Identifier: Apache-2.0
"""Results as GitLab security reports: a scan as secret detection, a verdict as SAST (security-report-schemas 15.2).

``as_gitlab_dependency`` has the third kind.

Neither holds ``raw_source_code_extract``, which would be the secret itself. What the baseline or an allowance
covers is left out: the report has no word for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_guard import __version__
from pipeline_guard.model.finding import Finding, ScanReport
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_json import commit_of, dump
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.order import counting, failed_first

SCHEMA_VERSION = "15.2.1"
DEPENDENCIES = ("vulnerable-package", "malicious-package")  # the checks whose findings the dependency scanning report has
_NO_COMMIT = "0000000"  # what GitLab's own analyzers write where there is no commit
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render_scan(report: ScanReport) -> str:
    """Return the findings that count; what was not examined is a warning of the scan."""
    identities: Counter[str] = Counter()
    found = []
    for finding in counting(report):
        key = _key(finding.rule, finding.fingerprint, finding.location.path, commit_of(finding))
        identities[key] += 1
        found.append(
            {
                **vulnerability(f"{key}{identities[key]}", finding.rule, finding.title, finding.severity.value, finding.hint),
                "description": visible(f"{finding.title}: {finding.preview} ({finding.confidence.value})"),
                "location": {**_lines(finding.location), "commit": _commit(finding)},
            }
        )
    began = report.stats.began or _EPOCH
    return document("secret_detection", found, report.unchecked, began, report.stats.seconds)


def render_verdict(verdict: Verdict) -> str:
    """Return the checks that failed, one vulnerability a place; those that could not look are warnings.

    Known weaknesses of packages stand in the dependency scanning report, which knows more of them: GitLab would show them twice.
    """
    identities: Counter[str] = Counter()
    found = []
    elsewhere = DEPENDENCIES if verdict.weaknesses else ()
    for check in failed_first(verdict):
        if check.id in elsewhere:
            continue
        for place in (check.locations or (Location(".pipeline-guard.yml"),)) if check.status is CheckStatus.FAIL else ():
            key = _key(check.id, check.why, place.path)
            identities[key] += 1
            found.append(
                {
                    **vulnerability(f"{key}{identities[key]}", check.id, check.why, "high", check.fix),
                    "description": visible(check.why),
                    "location": _lines(place),
                }
            )
    unchecked = tuple(Unchecked(check.id, check.why) for check in verdict.checks if check.status is CheckStatus.UNCHECKED)
    count = len(verdict.weaknesses) if elsewhere else 0
    told = f"{count} known weakness{'' if count == 1 else 'es'} of packages: see the dependency scanning report (gitlab-dependency)"
    return document("sast", found, unchecked, notes=(told,) if count else ())


def document(
    kind: str,
    found: list[dict[str, Any]],
    unchecked: tuple[Unchecked, ...],
    began: datetime = _EPOCH,
    seconds: float = 0.0,
    notes: tuple[str, ...] = (),
) -> str:
    """Return a whole report of a kind of scan."""
    tool = {"id": "pipeline-guard", "name": "pipeline-guard", "version": __version__, "vendor": {"name": "pipeline-guard"}}
    scan = {
        "analyzer": tool,
        "scanner": tool,
        "type": kind,
        "status": "success",
        "start_time": _time(began),
        "end_time": _time(began + timedelta(seconds=seconds)),
        "messages": [{"level": "warn", "value": f"not examined: {visible(item.what)}: {visible(item.why)}"} for item in unchecked]
        + [{"level": "info", "value": note} for note in notes],
    }
    return dump({"version": SCHEMA_VERSION, "scan": scan, "vulnerabilities": found}) + "\n"


def vulnerability(key: str, rule: str, title: str, severity: str, solution: str) -> dict[str, Any]:
    """Return what every kind of vulnerability has; ``key`` tells it from all others."""
    common: dict[str, Any] = {
        "id": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(),
        "name": clip(visible(title), 255),
        "severity": severity.capitalize(),
        "identifiers": [{"type": "pipeline_guard_rule", "name": f"pipeline-guard rule {visible(rule)}", "value": visible(rule)}],
    }
    return common | ({"solution": clip(visible(solution), 7000)} if solution else {})


def _lines(place: Location) -> dict[str, Any]:
    document: dict[str, Any] = {"file": visible(place.path)}
    if place.line:
        document |= {"start_line": place.line, "end_line": max(place.end_line, place.line)}
    return document


def _commit(finding: Finding) -> dict[str, str]:
    document = {"sha": visible(commit_of(finding)) or _NO_COMMIT}
    if finding.origin and finding.origin.author:
        document["author"] = visible(finding.origin.author)
    if finding.origin and finding.origin.date:
        document["date"] = visible(finding.origin.date)
    return document


def _key(*parts: str) -> str:
    return "".join(f"{part}\0" for part in parts)


def _time(moment: datetime) -> str:
    """Write a moment as the schema wants it: UTC, to the second, without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
