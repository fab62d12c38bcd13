# SPDX-License-Identifier: Apache-2.0
"""Results as workflow commands of GitHub Actions: annotations at the lines, the worst ten of each level.

GitHub shows ten of each level a step (a composite action is one step) and cuts messages at 4,096 characters.
Everything from strangers is escaped: no name of a file can become a command.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline_guard.model.finding import ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import CheckStatus, Verdict
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.order import counting, failed_first, scan_counts, verdict_counts

SHOWN = 10
_MESSAGE = 4000
_TITLE = 200
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}
_CHECK_LEVEL = {CheckStatus.FAIL: "error", CheckStatus.UNCHECKED: "warning", CheckStatus.WAIVED: "notice"}


@dataclass(frozen=True, slots=True)
class _Note:
    level: str
    title: str
    message: str
    place: Location | None


def render_scan(report: ScanReport) -> str:
    """Return annotations for the findings that count and for what was not examined, then the counts."""
    notes = [
        _Note(
            _LEVEL[finding.severity],
            f"{finding.severity.value}: {finding.title}",
            f"{finding.preview} [{finding.rule}]. {finding.hint}".strip(),
            finding.location,
        )
        for finding in counting(report)
    ]
    notes += [_Note("warning", "not examined", f"{item.what}: {item.why}", None) for item in report.unchecked]
    return _render(notes, f"pipeline-guard scan: {scan_counts(report)}")


def render_verdict(verdict: Verdict) -> str:
    """Return annotations at the first place of every check, then at its further places, then the counts."""
    first, further = [], []
    for check in failed_first(verdict):
        if check.status is CheckStatus.PASS:
            continue
        message = check.why + (f" Fix: {check.fix}" if check.fix else "")
        notes = [_Note(_CHECK_LEVEL[check.status], check.id, message, place) for place in check.locations or (None,)]
        first += notes[:1]
        further += notes[1:]
    return _render(first + further, f"pipeline-guard gate: {verdict_counts(verdict)}")


def annotation(level: str, title: str, message: str) -> str:
    """Return one annotation that is at no line."""
    return _command(_Note(level, title, message, None))


def _render(notes: list[_Note], closing: str) -> str:
    totals = Counter(note.level for note in notes)
    shown: Counter[str] = Counter()
    lines = []
    for note in notes:
        shown[note.level] += 1
        if shown[note.level] <= SHOWN:
            lines.append(_command(note))
    hidden = {level: totals[level] - SHOWN for level in ("error", "warning", "notice") if totals[level] > SHOWN}
    lines += [f"{count} more of level {level}: see the job summary or the report file" for level, count in hidden.items()]
    return "\n".join([*lines, closing]) + "\n"


def _command(note: _Note) -> str:
    properties = {"title": clip(visible(note.title), _TITLE)}
    place = note.place
    if place:
        properties["file"] = _utf8(place.path)
        if place.line:
            properties["line"] = str(place.line)
            properties["endLine"] = str(max(place.end_line, place.line))
        if place.column and place.line == place.end_line:  # columns of a span over several lines are refused
            properties["col"] = str(place.column)
            properties["endColumn"] = str(max(place.end_column, place.column))
    text = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{note.level} {text}::{_data(clip(visible(note.message), _MESSAGE))}"


def _utf8(path: str) -> str:
    """Keep a path as it is, so that GitHub finds the file; only what is no Unicode text becomes an escape."""
    return visible(path) if any(0xD800 <= ord(character) <= 0xDFFF for character in path) else path


def _data(text: str) -> str:
    """Escape a command's message (actions/toolkit, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a command's property (actions/toolkit, command.ts)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
