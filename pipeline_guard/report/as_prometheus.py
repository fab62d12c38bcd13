# SPDX-License-Identifier: Apache-2.0
"""The audit summary in Prometheus' text exposition format 0.0.4, for a node exporter's textfile collector."""

from __future__ import annotations

from pipeline_guard.model.summary import Summary


def render(summary: Summary) -> str:
    """Return the metrics; labels are few and bounded: actions and outcomes, never names of people or secrets."""
    parts = _head("pipeline_guard_audit_records_total", "counter", "Audit records by action and outcome.")
    for action, outcome, count in summary.by_action:
        parts.append(f'pipeline_guard_audit_records_total{{action="{_label(action)}",outcome="{_label(outcome)}"}} {count}')
    parts += _head("pipeline_guard_audit_last_record_seconds", "gauge", "Time of the last audit record, in seconds since 1970.")
    parts.append(f"pipeline_guard_audit_last_record_seconds {summary.last.timestamp():.3f}")
    parts += _head("pipeline_guard_audit_unusual", "gauge", "Things in the audit log that a person should look at.")
    parts.append(f"pipeline_guard_audit_unusual {len(summary.unusual)}")
    parts += _head("pipeline_guard_keys_due", "gauge", "Key versions with something to be done within 30 days.")
    parts.append(f'pipeline_guard_keys_due{{overdue="false"}} {sum(not key.overdue for key in summary.due)}')
    parts.append(f'pipeline_guard_keys_due{{overdue="true"}} {sum(key.overdue for key in summary.due)}')
    return "\n".join(parts)


def _head(name: str, kind: str, what: str) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
