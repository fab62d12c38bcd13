# SPDX-License-Identifier: Apache-2.0
"""CEF, OpenTelemetry, Prometheus and the readable reports, with names that try to break them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from pipeline_guard.audit.summary import summarize
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord
from pipeline_guard.model.summary import DueKey
from pipeline_guard.report import as_audit, as_cef, as_otlp, as_prometheus

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
NASTY = "a|b=c\\d\n::error::x `<script>` \u202e \ud800"


def record(action: str = "secret.lease", outcome: str = "granted", name: str = NASTY) -> AuditRecord:
    return AuditRecord.linked(1, FIRST, AuditEvent(NOW, name, action, name, outcome, name, "ab" * 32))


def test_cef_is_one_line_an_event_whose_fields_come_back() -> None:
    (line,) = as_cef.render([record(name="a|b=c\\d\ne")]).splitlines()
    fields = re.split(r"(?<!\\)\|", line, maxsplit=7)
    assert fields[0] == "CEF:0"
    assert fields[6] == "3"
    pairs = dict(re.findall(r"(\w+)=((?:[^\\= ]|\\.| (?!\w+=))*)", fields[7]))
    assert pairs["fname"].replace("\\n", "\n").replace("\\=", "=").replace("\\\\", "\\") == "a|b=c\\d\ne"
    assert pairs["rt"] == "1795521600123"


@pytest.mark.parametrize(("outcome", "severity"), [("granted", "3"), ("denied", "7"), ("odd", "5")])
def test_cef_severity_follows_the_outcome(outcome: str, severity: str) -> None:
    assert f"|{severity}|" in as_cef.render([record(outcome=outcome, name="x")])


def test_otlp_carries_time_in_nanoseconds_as_text() -> None:
    (log,) = json.loads(as_otlp.render([record(outcome="denied")]))["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert log["timeUnixNano"] == "1795521600123456000"
    assert (log["severityNumber"], log["severityText"]) == (13, "WARN")
    values = {each["key"]: each["value"] for each in log["attributes"]}
    assert values["audit.seq"] == {"intValue": "1"}
    assert values["audit.hash"] == {"stringValue": record(outcome="denied").hash}


def test_prometheus_tells_counts_and_no_names() -> None:
    text = as_prometheus.render(summarize([record('odd"\\\n')], NOW, [DueKey("k/1", "active", "1d", "rotate now", overdue=True)]))
    for line in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? [0-9.]+', line), line
    assert "script" not in text
    assert 'pipeline_guard_keys_due{overdue="true"} 1' in text


def test_readable_reports_keep_strangers_text_on_its_line() -> None:
    summary = summarize([record()], NOW, [])
    assert "\n::error" not in as_audit.text(summary)
    assert "<script>" not in as_audit.markdown(summary)
    for text in (as_audit.text(summary), as_audit.markdown(summary), as_audit.document(summary)):
        text.encode("utf-8")
    assert json.loads(as_audit.document(summary))["first"] == "2026-11-24T12:00:00+00:00"
