# SPDX-License-Identifier: Apache-2.0
"""Results as CSV (RFC 4180) for spreadsheets, with no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Verdict
from pipeline_guard.report.as_json import finding_document, location_document
from pipeline_guard.report.escape import visible
from pipeline_guard.report.order import failed_first, worst_first

FINDING_COLUMNS = (
    "status", "severity", "confidence", "rule", "title", "path", "line", "column", "end_line", "end_column", "byte_start", "byte_end",
    "commit", "author", "date", "decoded_from", "preview", "hint", "fingerprint",
)  # fmt: skip
CHECK_COLUMNS = ("status", "id", "why", "path", "line", "column", "commit", "fix")
_FORMULA = ("=", "+", "-", "@", "|", "%")


def render_scan(report: ScanReport) -> str:
    """Return one row a finding, then one row with status ``unchecked`` for whatever was not examined."""
    rows: list[Mapping[str, object]] = [finding_document(finding) for finding in worst_first(report.findings)]
    rows += [{"status": "unchecked", "path": item.what, "title": item.why} for item in report.unchecked]
    return _table(FINDING_COLUMNS, rows)


def render_verdict(verdict: Verdict) -> str:
    """Return one row for every place of every check, one row for a check without places."""
    rows: list[Mapping[str, object]] = []
    for check in failed_first(verdict):
        for place in check.locations or (Location(""),):
            where = location_document(place) if check.locations else {}
            rows.append({**where, "status": check.status.value, "id": check.id, "why": check.why, "fix": check.fix})
    return _table(CHECK_COLUMNS, rows)


def cell(value: object) -> str:
    """Return a value as harmless text: one line, and an apostrophe before what a spreadsheet takes for a formula."""
    text = visible(str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, quoting=csv.QUOTE_ALL)
    table.writerow(columns)
    table.writerows([cell(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()
