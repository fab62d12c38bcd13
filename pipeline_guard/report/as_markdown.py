# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown for job summaries and comments; bounded, and no text of a stranger is markup.

GitHub drops a summary over 1 MiB whole, so rows stop before that and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.verdict import CheckStatus, Verdict
from pipeline_guard.report.as_text import place_of
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.order import counting, failed_first, scan_counts, verdict_counts

LIMIT = 900_000  # bytes, of 1,048,576
_CELL = 300  # characters
_PLAIN = frozenset(" ,;()/+-='\"?%")


def render_scan(report: ScanReport) -> str:
    """Return a heading with the counts, a table of the findings that count, and what was not examined."""
    findings = counting(report)
    lines = ["## pipeline-guard scan", "", markup(scan_counts(report)), ""]
    if findings:
        lines += ["| severity | where | what | found | next step |", "| --- | --- | --- | --- | --- |"]
    rows = (
        f"| {finding.severity.value} | {code(place_of(finding.location))} | {markup(finding.title)} ({finding.confidence.value})"
        f" | {code(finding.preview)} | {markup(finding.hint)} |"
        for finding in findings
    )
    room = LIMIT // 3 if report.unchecked else LIMIT
    lines += bounded(rows, LIMIT - room if report.unchecked else room, len(findings), "findings")
    if report.unchecked:
        lines += ["", "### Not examined", "", "| what | why |", "| --- | --- |"]
        notes = (f"| {code(item.what)} | {markup(item.why)} |" for item in report.unchecked)
        lines += bounded(notes, room - 1000, len(report.unchecked), "not examined")
    return "\n".join(lines).rstrip("\n") + "\n"


def render_verdict(verdict: Verdict) -> str:
    """Return a heading with the verdict, a table of the checks that need a reader, and the policy."""
    checks = [check for check in failed_first(verdict) if check.status is not CheckStatus.PASS]
    policy = f"Policy {code(verdict.policy_digest)} from {code(verdict.policy_source)}"
    lines = ["## pipeline-guard gate", "", f"**{markup(verdict_counts(verdict))}**", "", policy, ""]
    if checks:
        lines += ["| status | check | why | where | fix |", "| --- | --- | --- | --- | --- |"]
    rows = []
    for check in checks:
        places = [code(place_of(place)) for place in check.locations[:5]]
        if len(check.locations) > 5:
            places.append(f"and {len(check.locations) - 5} more")
        where = "<br>".join(places)
        fix = code(check.fix) if check.fix else ""
        rows.append(f"| {check.status.value} | {code(check.id)} | {markup(check.why)} | {where} | {fix} |")
    lines += bounded(rows, LIMIT - 5000, len(rows), "checks")
    return "\n".join(lines).rstrip("\n") + "\n"


def markup(text: str) -> str:
    """Return text that Markdown shows as it is: whatever could be markup, a link or a mention is a character reference."""
    return "".join(character if character.isalnum() or character in _PLAIN else f"&#{ord(character)};" for character in _short(text))


def code(text: str) -> str:
    """Return text in fixed width; inside ``<code>`` nobody is mentioned and nothing is linked."""
    return f"<code>{markup(text)}</code>" if text else ""


def _short(text: str) -> str:
    return clip(visible(clip(text, _CELL)), _CELL)


def bounded(rows: Iterable[str], limit: int, total: int, noun: str) -> list[str]:
    """Take rows while their bytes stay under ``limit``; say how many are left out."""
    taken: list[str] = []
    for row in rows:
        limit -= len(row.encode("utf-8")) + 1
        if limit < 0:
            return [*taken, "", f"{total - len(taken)} more {noun}: see the report file"]
        taken.append(row)
    return taken
