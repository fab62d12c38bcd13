# SPDX-License-Identifier: Apache-2.0
"""The audit log as OpenTelemetry logs: one ExportLogsServiceRequest in OTLP's JSON encoding (OTLP 1.5, logs data model)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline_guard import __version__
from pipeline_guard.model.event import AuditRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEVERITY = {"denied": (13, "WARN")}


def render(records: Sequence[AuditRecord]) -> str:
    """Return one JSON document."""
    resource = {"attributes": [_attribute("service.name", "pipeline-guard"), _attribute("service.version", __version__)]}
    scope = {"scope": {"name": "pipeline-guard.audit"}, "logRecords": [_record(record) for record in records]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}, indent=1) + "\n"


def _record(record: AuditRecord) -> dict[str, object]:
    event = record.event
    number, word = _SEVERITY.get(event.outcome, (9, "INFO"))
    since = event.time - _EPOCH
    names = ("actor", "action", "object", "outcome", "why", "policy_digest", "request_digest")
    attributes = [_attribute(f"audit.{name}", getattr(event, name)) for name in names if getattr(event, name)]
    attributes += [{"key": "audit.seq", "value": {"intValue": str(record.seq)}}, _attribute("audit.hash", record.hash)]
    return {
        # 64-bit integers are texts in OTLP's JSON
        "timeUnixNano": str((since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000),
        "severityNumber": number,
        "severityText": word,
        "eventName": event.action,
        "body": {"stringValue": f"{event.actor} {event.action} {event.object}: {event.outcome}"},
        "attributes": attributes,
    }


def _attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}
