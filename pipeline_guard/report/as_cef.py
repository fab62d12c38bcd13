# SPDX-License-Identifier: Apache-2.0
"""The audit log in ArcSight's Common Event Format, version 0 (Micro Focus, "Implementing ArcSight CEF", revision 26)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard import __version__
from pipeline_guard.model.event import AuditRecord

_SEVERITY = {"granted": 3, "done": 3, "denied": 7}


def render(records: Sequence[AuditRecord]) -> str:
    """Return one event a line."""
    return "".join(_line(record) + "\n" for record in records)


def _line(record: AuditRecord) -> str:
    event = record.event
    head = ("pipeline-guard", "pipeline-guard", __version__, event.action, f"{event.action} {event.outcome}")
    extension = {
        "rt": str(int(event.time.timestamp() * 1000)),
        "suser": event.actor,
        "act": event.action,
        "outcome": event.outcome,
        "fname": event.object,
        "reason": event.why,
        "externalId": str(record.seq),
        "cs1Label": "hash",
        "cs1": record.hash,
        "cs2Label": "policyDigest" if event.policy_digest else "",
        "cs2": event.policy_digest,
    }
    pairs = " ".join(f"{name}={_value(value)}" for name, value in extension.items() if value)
    return f"CEF:0|{'|'.join(_header(field) for field in head)}|{_SEVERITY.get(event.outcome, 5)}|{pairs}"


def _header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
