# SPDX-License-Identifier: Apache-2.0
"""The numbers of the HTML page as Markdown, for a job's summary, and as JSON, for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

from pipeline_guard.model.finding import Severity
from pipeline_guard.model.overview import Course, KeyLine, Overview, Tally
from pipeline_guard.report.as_json import check_document, dump, finding_document, unchecked_document
from pipeline_guard.report.as_markdown import bounded, code, markup
from pipeline_guard.report.as_text import place_of
from pipeline_guard.report.gist import HEADLINES, gist, key_age, tiles

SCHEMA = "pipeline-guard/report/v1"
LIMIT = 900_000  # bytes: GitHub drops a summary over 1 MiB whole
_SEVERITIES = tuple(severity.value for severity in Severity)
_MOST = 50  # rows of one table
_ROOM = LIMIT // 10  # bytes of one table; there are eight


def render_markdown(page: Overview) -> str:
    """Return the page as Markdown tables."""
    lines = ["# pipeline-guard report", "", f"**{HEADLINES[page.answer]}.** {markup(gist(page))}", ""]
    if told := tiles(page):
        lines += [" | ".join(["", *(words for _, _, words, _ in told), ""]).strip(), " | ".join(["", *("---" for _ in told), ""]).strip()]
        lines += [" | ".join(["", *(number for _, number, _, _ in told), ""]).strip(), ""]
    lines += _table(
        "What to do",
        ("status", "check", "why", "where", "fix"),
        (
            (
                check.status.value,
                code(check.id),
                markup(check.why),
                "<br>".join(code(place_of(place)) for place in check.locations[:3]),
                code(check.fix),
            )
            for check in page.checks
        ),
        len(page.checks),
    )
    lines += _table("Findings by kind", ("kind", *_SEVERITIES), (_tally(tally) for tally in page.kinds), len(page.kinds))
    lines += _table("Findings by age", ("age of the commit", *_SEVERITIES), (_tally(tally) for tally in page.ages), len(page.ages))
    lines += _table(
        "Findings",
        ("severity", "where", "what", "found"),
        ((each.severity.value, code(place_of(each.location)), markup(each.title), code(each.preview)) for each in page.findings),
        len(page.findings),
    )
    lines += _table("Not examined", ("what", "why"), ((code(each.what), markup(each.why)) for each in page.unchecked), len(page.unchecked))
    lines += _table("Keys", ("key", "state", "age", "next"), (_key(key) for key in page.keys), len(page.keys))
    lines += _course("Leases over time", page.lease_course)
    lines += _table(
        "Open leases",
        ("secret", "held by", "until"),
        ((code(f"{each.secret}/{each.version}"), code(each.holder), f"{each.expires:%Y-%m-%d %H:%M}") for each in page.leases),
        len(page.leases),
    )
    if page.summary:
        uses = page.summary.uses
        remarks = ((f"{each.time:%Y-%m-%d %H:%M}", markup(each.what), str(each.seq)) for each in page.summary.unusual)
        lines += _table("Unusual", ("when", "what", "record"), remarks, len(page.summary.unusual))
        rows = ((code(use.actor), use.action, code(use.object), f"{use.times:,}", f"{use.denied:,}") for use in uses)
        lines += _table("Who used what", ("who", "did", "to", "times", "denied"), rows, len(uses))
    lines += _course("Signatures over time", page.sign_course)
    lines += _table(
        "Signatures",
        ("subject", "verdict", "why", "signed by"),
        ((code(each.subject), code(each.verdict), markup(each.why), code(each.signer)) for each in page.signatures),
        len(page.signatures),
    )
    return "\n".join(lines).rstrip("\n") + "\n"


def render_json(page: Overview) -> str:
    """Return everything as one document; lists are complete."""
    document = {
        "schema": SCHEMA,
        "made": page.made,
        "answer": page.answer.value,
        "gist": gist(page),
        "results": [asdict(each) for each in page.results],
        "checks": [check_document(check) for check in page.checks],
        "passed": page.passed,
        "findings": [finding_document(finding) for finding in page.findings],
        "findings_by_kind": _tallies(page.kinds, _SEVERITIES),
        "findings_by_age": _tallies(page.ages, _SEVERITIES),
        "unchecked": [unchecked_document(item) for item in page.unchecked],
        "signatures": [asdict(each) for each in page.signatures],
        "keys": [asdict(each) for each in page.keys],
        "leases": [asdict(each) for each in page.leases],
        "leases_over_time": _course_document(page.lease_course),
        "signatures_over_time": _course_document(page.sign_course),
        "audit": asdict(page.summary) if page.summary else None,
        "missing": [unchecked_document(item) for item in page.missing],
    }
    return dump(_plain(document)) + "\n"


def _table(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> list[str]:
    """Return a heading and a table of what fits, with the number of what does not; nothing without rows."""
    if not total:
        return []
    shown = [f"| {' | '.join(row)} |" for row in islice(rows, _MOST)]
    taken = bounded(shown, _ROOM, total, "rows")
    if taken == shown and total > len(shown):
        taken += ["", f"{total - len(shown)} more rows: see the report file"]
    return [f"## {title}", "", f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *taken, ""]


def _tally(tally: Tally) -> list[str]:
    return [markup(tally.label), *(f"{count:,}" if count else "" for count in tally.counts)]


def _key(key: KeyLine) -> tuple[str, ...]:
    return code(f"{key.name}/{key.version}"), key.state, key_age(key), f"**{key.next}**" if key.overdue else key.next


def _course(title: str, course: Course | None) -> list[str]:
    """Return the stretches in which something happened, the latest first."""
    if course is None:
        return []
    busy = [tally for tally in reversed(course.stretches) if tally.total]
    return _table(title, ("from", *(markup(name) for name in course.series)), (_tally(tally) for tally in busy), len(busy))


def _tallies(tallies: Sequence[Tally], series: Sequence[str]) -> list[dict[str, Any]]:
    return [{"label": tally.label, **dict(zip(series, tally.counts, strict=True)), "total": tally.total} for tally in tallies]


def _course_document(course: Course | None) -> dict[str, Any] | None:
    if course is None:
        return None
    return {
        "days": course.days,
        "series": list(course.series),
        "stretches": [{"from": tally.label, "counts": list(tally.counts)} for tally in course.stretches],
    }


def _plain(value: Any) -> Any:
    """Return times as ISO 8601 and enumerations as their values, however deep."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.value if isinstance(value, Enum) else value
