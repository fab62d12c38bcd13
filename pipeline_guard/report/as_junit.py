# SPDX-License-Identifier: Apache-2.0
"""Results as JUnit XML: one case a finding or check; a clean scan is one passing case."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import CheckStatus, Verdict
from pipeline_guard.report.as_text import place_of
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.order import failed_first, worst_first

_TEXT = 10_000  # characters of one body; a check may have very many places


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; ``outcome`` is the element inside it, "" where it passed."""

    group: str
    name: str
    outcome: str = ""
    message: str = ""
    body: str = ""
    place: Location | None = None


def render_scan(report: ScanReport) -> str:
    """Return a failure for each finding that counts, skipped for the others, an error for what was not examined."""
    cases = []
    for finding in worst_first(report.findings):
        new = finding.status is FindingStatus.NEW
        cases.append(
            _Case(
                finding.rule,
                f"{place_of(finding.location)} {finding.title}",
                "failure" if new else "skipped",
                f"{finding.severity.value}: {finding.title}" if new else finding.status.value,
                f"found: {finding.preview}; {finding.hint}" if new else "",
                finding.location,
            )
        )
    cases += [_Case("unchecked", item.what, "error", f"not examined: {item.why}") for item in report.unchecked]
    if not cases:
        cases = [_Case("scan", f"no hardcoded key in {report.stats.files} files")]
    return _suite("pipeline-guard scan", cases, report.stats.seconds)


def render_verdict(verdict: Verdict) -> str:
    """Return one case a check: failure, error where it could not look, skipped where waived."""
    outcomes = {CheckStatus.FAIL: "failure", CheckStatus.UNCHECKED: "error", CheckStatus.WAIVED: "skipped", CheckStatus.PASS: ""}
    cases = []
    for check in failed_first(verdict):
        places = "; ".join(place_of(place) for place in check.locations[:100])
        body = "; ".join(part for part in (places, check.fix and f"fix: {check.fix}") if part)
        outcome = outcomes[check.status]
        place = check.locations[0] if check.locations else None
        cases.append(_Case("gate", check.id, outcome, check.why, body, place) if outcome else _Case("gate", check.id))
    if not cases:
        cases = [_Case("gate", "no check applies")]
    return _suite("pipeline-guard gate", cases, 0.0)


def _suite(name: str, cases: list[_Case], seconds: float) -> str:
    counts = {f"{outcome}s": sum(case.outcome == outcome for case in cases) for outcome in ("failure", "error")}
    counts["skipped"] = sum(case.outcome == "skipped" for case in cases)
    numbers = f'tests="{len(cases)}" ' + " ".join(f'{key}="{count}"' for key, count in counts.items()) + f' time="{seconds:.3f}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="pipeline-guard" {numbers}>',
        f'<testsuite name="{name}" {numbers}>',
    ]
    return "\n".join([*lines, *(_element(case) for case in cases), "</testsuite>", "</testsuites>"]) + "\n"


def _element(case: _Case) -> str:
    head = f'<testcase classname="{_attribute(case.group)}" name="{_attribute(case.name)}" time="0"'
    if case.place:
        head += f' file="{_attribute(case.place.path)}"' + (f' line="{case.place.line}"' if case.place.line else "")
    if not case.outcome:
        return f"{head}/>"
    body = escape(visible(clip(case.body, _TEXT)))
    return f'{head}><{case.outcome} message="{_attribute(case.message)}">{body}</{case.outcome}></testcase>'


def _attribute(text: str) -> str:
    return escape(visible(clip(text, _TEXT)))
