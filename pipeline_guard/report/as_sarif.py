# SPDX-License-Identifier: Apache-2.0
"""Results as SARIF 2.1.0 (OASIS), shaped for GitHub code scanning; never with a snippet.

What the baseline or an allowance covers is in the file with ``suppressions`` (and ``baselineState`` where there is a baseline),
so that viewers that honour them show the truth. GitHub does not honour them: it opens alerts for suppressed results too, so for
an upload there they can be left out (``scan --sarif-suppressed omit``).
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard import __version__
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_json import commit_of, dump
from pipeline_guard.report.escape import visible
from pipeline_guard.report.order import failed_first, worst_first

HOME = "https://github.com/pipeline-guard/pipeline-guard"
_RESULTS = 25_000  # GitHub refuses a run with more
_PLACES = 100  # of one result that GitHub keeps
_SAFE = frozenset((string.ascii_letters + string.digits + "-._~/").encode())
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORE = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5", Severity.INFO: "0.1"}
_SUPPRESSION = {FindingStatus.BASELINE: ("external", "in the baseline"), FindingStatus.ALLOWED: ("inSource", "allowed by a comment")}


@dataclass(slots=True)
class _Run:
    """One run under construction; the rules are collected from the results."""

    category: str
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rule(self, name: str, title: str, level: str, score: str, fix: str) -> None:
        """Describe a rule once, by its first and so worst result. GitHub wants all three descriptions."""
        help_text = visible(fix) or f"pipeline-guard explain {visible(name)}"
        self.rules.setdefault(
            visible(name),
            {
                "id": visible(name),
                "shortDescription": {"text": visible(title)},
                "fullDescription": {"text": visible(title)},
                "help": {"text": help_text},
                "helpUri": f"{HOME}/blob/main/docs/rules.md#{uri(name)}",
                "defaultConfiguration": {"level": level},
                "properties": {"tags": ["security"], "security-severity": score},
            },
        )

    def result(self, name: str, text: str, level: str, places: list[Location], **more: Any) -> None:
        """Add one result; there is always a location."""
        self.results.append(
            {
                "ruleId": visible(name),
                "ruleIndex": list(self.rules).index(visible(name)),
                "level": level,
                "message": {"text": visible(text) or visible(name)},
                "locations": [_location(place) for place in places[:_PLACES]],
                **more,
            }
        )

    def text(self) -> str:
        """Return the whole log, the results over the limit counted instead of listed."""
        if len(self.results) > _RESULTS:
            self.notes.append(f"{len(self.results) - _RESULTS} further results are left out here: the limit is {_RESULTS}")
        run = {
            "tool": {
                "driver": {
                    "name": "pipeline-guard",
                    "semanticVersion": __version__,
                    "version": __version__,
                    "informationUri": HOME,
                    "rules": list(self.rules.values()),
                }
            },
            "automationDetails": {"id": f"pipeline-guard/{self.category}/"},
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the repository, or the folder looked at"}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [
                {
                    "executionSuccessful": True,
                    "toolExecutionNotifications": [{"level": "warning", "message": {"text": note}} for note in self.notes],
                }
            ],
            "results": self.results[:_RESULTS],
        }
        return dump({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}) + "\n"


def render_scan(report: ScanReport) -> str:
    """Return every finding, the worst first; what was not examined is a notification of the run."""
    run = _Run("scan", notes=[_unchecked(item) for item in report.unchecked])
    compared = any(finding.status is FindingStatus.BASELINE for finding in report.findings)
    for finding in worst_first(report.findings):
        level = _LEVEL[finding.severity]
        run.rule(finding.rule, finding.title, level, _SCORE[finding.severity], finding.hint)
        run.result(
            finding.rule,
            f"{finding.title}: {finding.preview}",
            level,
            [finding.location],
            partialFingerprints={"pipelineGuard/v1": finding.fingerprint},
            properties=_properties(finding),
            **_suppressed(finding.status),
            **({"baselineState": "unchanged" if finding.status is FindingStatus.BASELINE else "new"} if compared else {}),
        )
    return run.text()


def render_verdict(verdict: Verdict) -> str:
    """Return the checks that failed, could not look (warnings) or are waived (suppressed)."""
    run = _Run("gate")
    for check in failed_first(verdict):
        if check.status is CheckStatus.PASS:
            continue
        level = "warning" if check.status is CheckStatus.UNCHECKED else "error"
        run.rule(check.id, check.id.replace("-", " "), level, "5.5" if level == "warning" else "8.0", check.fix)
        waived = {"suppressions": [{"kind": "external", "justification": visible(check.why)}]} if check.status is CheckStatus.WAIVED else {}
        text = check.why + (f" Fix: {check.fix}" if check.fix else "")
        for place in check.locations or (Location(".pipeline-guard.yml"),):
            fingerprint = f"{visible(check.id)}:{uri(place.path)}"
            run.result(check.id, text, level, [place], partialFingerprints={"pipelineGuard/v1": fingerprint}, **waived)
    return run.text()


def uri(path: str) -> str:
    """Return a relative path as a URI reference (RFC 3986); bytes that were no UTF-8 stay the bytes they were."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # Defensive: a surrogate that stands for no byte
        raw = visible(path).encode()
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in raw) or "."


def _location(place: Location) -> dict[str, Any]:
    region: dict[str, int] = {"startLine": max(place.line, 1)}
    if place.line and place.column:
        region["startColumn"] = place.column
        if (place.end_line, place.end_column) > (place.line, place.column):
            region |= {"endLine": place.end_line, "endColumn": max(place.end_column, 1)}
    return {"physicalLocation": {"artifactLocation": {"uri": uri(place.path), "uriBaseId": "%SRCROOT%"}, "region": region}}


def _properties(finding: Finding) -> dict[str, str]:
    found = {"confidence": finding.confidence.value, "commit": commit_of(finding), "decodedFrom": finding.decoded_from}
    return {key: value for key, value in found.items() if value}


def _suppressed(status: FindingStatus) -> dict[str, Any]:
    if status is FindingStatus.NEW:
        return {}
    kind, why = _SUPPRESSION[status]
    return {"suppressions": [{"kind": kind, "justification": why}]}


def _unchecked(item: Unchecked) -> str:
    return f"not examined: {visible(item.what)}: {visible(item.why)}"
