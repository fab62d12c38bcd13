# SPDX-License-Identifier: Apache-2.0
"""The audit log as JSON lines, and its summary as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from pipeline_guard.model.event import AuditRecord
from pipeline_guard.model.summary import Summary, Unusual
from pipeline_guard.report.escape import visible

SCHEMA = "pipeline-guard/audit-report/v1"
_SHOWN = 20


def lines(records: Sequence[AuditRecord], checkpoints: Sequence[bytes]) -> str:
    """Return records, then checkpoints, one a line, each as it is stored."""
    return "".join(line.decode("utf-8") + "\n" for line in [*(record.line() for record in records), *checkpoints])


def document(summary: Summary) -> str:
    """Return everything as one JSON document."""
    return json.dumps({"schema": SCHEMA, **asdict(summary)}, indent=2, default=_plain)


def text(summary: Summary) -> str:
    """Return what a person looks at first: what is unusual, then keys that are due, then who used what."""
    parts = [f"{summary.records} records, {_when(summary.first)} to {_when(summary.last)}", "", "unusual"]
    parts += [f"  {_line(each)}" for each in summary.unusual] or ["  nothing"]
    parts += ["", "keys due"]
    parts += [f"  {key.key:<24} {key.state:<14} {key.age:<14} {key.next}" for key in summary.due] or ["  none"]
    parts += ["", "who used what, most often first"]
    for use in summary.uses[:_SHOWN]:
        denied = f", {use.denied} denied" if use.denied else ""
        parts.append(f"  {use.times:>6}  {visible(use.actor)}  {use.action}  {visible(use.object)}  last {_when(use.last)}{denied}")
    if len(summary.uses) > _SHOWN:
        parts.append(f"  and {len(summary.uses) - _SHOWN} more: --format json has them all")
    return "\n".join(parts)


def markdown(summary: Summary) -> str:
    """Return the same as Markdown tables, for a job's summary."""
    parts = [f"**{summary.records} audit records**, {_when(summary.first)} to {_when(summary.last)}", ""]
    parts += [f"- {_cell(_line(each))}" for each in summary.unusual] or ["Nothing unusual."]
    if summary.due:
        parts += ["", "| key | state | age | next |", "| --- | --- | --- | --- |"]
        parts += [f"| {_cell(key.key)} | {key.state} | {key.age} | {key.next} |" for key in summary.due]
    parts += ["", "| times | denied | actor | action | object | last |", "| ---: | ---: | --- | --- | --- | --- |"]
    for use in summary.uses[:_SHOWN]:
        cells = (str(use.times), str(use.denied), _cell(use.actor), use.action, _cell(use.object), _when(use.last))
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts)


def _line(each: Unusual) -> str:
    return f"{_when(each.time)}  {visible(each.what)} (record {each.seq})"


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _cell(text_of_others: str) -> str:
    return visible(text_of_others).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`").replace("<", "&lt;")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    raise TypeError(type(value).__name__)  # Defensive: a summary holds nothing else
