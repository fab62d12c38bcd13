# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.verdict import Unchecked, Verdict
from pipeline_guard.report import as_json, as_jsonl
from tests.unit.report.samples import FAILED, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


@cache
def validator(kind: str, part: str = "") -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{kind}.v1.json").read_text())
    Draft202012Validator.check_schema(schema)
    if part:
        schema = {"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


def read(text: str) -> Any:
    text.encode("ascii")
    return json.loads(text)


def test_scan_document_has_the_fields_of_the_contract_and_begins_with_its_schema() -> None:
    text = as_json.render_scan(scan(finding(author="Ada"), unchecked=(Unchecked("big.bin", "larger than the limit"),)))
    document = read(text)
    assert list(document) == ["schema", "findings", "unchecked", "stats"]
    assert document["schema"] == "pipeline-guard/scan-report/v1"
    assert document["findings"][0] == {
        "rule": "aws-access-key",
        "title": "AWS access key",
        "severity": "high",
        "confidence": "high",
        "path": "src/app.py",
        "line": 3,
        "column": 8,
        "end_line": 3,
        "end_column": 28,
        "byte_start": 40,
        "byte_end": 60,
        "commit": "c0ffee" * 6 + "c0ff",
        "author": "Ada",
        "date": "2026-01-02T03:04:05+00:00",
        "fingerprint": "f1" * 16,
        "preview": "AKIA… (20 characters)",
        "status": "new",
        "hint": "revoke it in the console",
    }
    assert document["unchecked"] == [{"path": "big.bin", "why": "larger than the limit"}]
    assert document["stats"] == {"files": 12, "bytes": 3456, "commits": 2, "seconds": 1.5}
    validator("scan-report").validate(document)


def test_fields_without_a_value_are_left_out() -> None:
    document = as_json.finding_document(finding())
    assert not {"commit", "author", "date", "decoded_from"} & set(document)


def test_worst_findings_come_first_and_accepted_ones_last() -> None:
    accepted = finding("accepted", Severity.CRITICAL, FindingStatus.BASELINE)
    document = read(as_json.render_scan(scan(accepted, finding("low", Severity.LOW), finding("critical", Severity.CRITICAL))))
    assert [item["path"] for item in document["findings"]] == ["critical", "low", "accepted"]


def test_verdict_document_has_the_fields_of_the_contract() -> None:
    document = read(as_json.render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)))
    assert list(document) == ["schema", "verdict", "checks", "policy"]
    assert document["schema"] == "pipeline-guard/verdict/v1"
    assert document["verdict"] == "block"
    assert [check["status"] for check in document["checks"]] == ["fail", "unchecked", "waived", "pass"]
    assert document["checks"][0]["locations"][0]["line"] == 3
    assert document["policy"] == {"digest": "sha256:" + "ab" * 32, "source": "main:.pipeline-guard.yml"}
    validator("verdict").validate(document)


def test_runner_command_inside_a_text_is_broken_up_and_reads_back() -> None:
    text = as_json.render_scan(scan(finding("x##[add-mask]y")))
    assert "##[" not in text
    assert read(text)["findings"][0]["path"] == "x##[add-mask]y"


@given(REPORTS)
def test_any_scan_is_valid_by_its_schema_and_reads_back_unchanged(report: ScanReport) -> None:
    document = read(as_json.render_scan(report))
    validator("scan-report").validate(document)
    expected = sorted((item.location.path, item.title, item.preview) for item in report.findings)
    assert sorted((item["path"], item["title"], item["preview"]) for item in document["findings"]) == expected


@given(REPORTS)
def test_any_scan_as_lines_is_one_finding_a_line_and_the_counts(report: ScanReport) -> None:
    *findings, closing = [read(line) for line in as_jsonl.render_scan(report).splitlines()]
    for item in findings:
        validator("scan-report", "finding").validate(item)
    validator("scan-stats").validate(closing)
    assert closing["findings"] == len(findings) == closing["new"] + closing["baseline"] + closing["allowed"]


@given(VERDICTS)
def test_any_verdict_is_valid_by_its_schemas(result: Verdict) -> None:
    validator("verdict").validate(read(as_json.render_verdict(result)))
    *checks, closing = [read(line) for line in as_jsonl.render_verdict(result).splitlines()]
    for item in checks:
        validator("verdict", "check").validate(item)
    validator("verdict-stats").validate(closing)
    assert sum(closing[status] for status in ("pass", "fail", "unchecked", "waived")) == len(checks)


@pytest.mark.parametrize("kind", ["scan-report", "scan-stats", "verdict", "verdict-stats"])
def test_schema_refuses_a_document_of_another_kind_or_with_an_unknown_key(kind: str) -> None:
    assert not validator(kind).is_valid({"schema": "pipeline-guard/other/v1"})
    samples = {
        "scan-report": as_json.render_scan(scan()),
        "scan-stats": as_jsonl.render_scan(scan()),
        "verdict": as_json.render_verdict(verdict()),
        "verdict-stats": as_jsonl.render_verdict(verdict()),
    }
    document = read(samples[kind])
    assert validator(kind).is_valid(document)
    assert not validator(kind).is_valid({**document, "value": "x"})
