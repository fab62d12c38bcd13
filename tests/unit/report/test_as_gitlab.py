# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.verdict import CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_gitlab import render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

NAMED = {"type": "string", "minLength": 1}
TOOL = {
    "type": "object",
    "required": ["id", "name", "version", "vendor"],
    "properties": {"id": NAMED, "name": NAMED, "version": NAMED, "vendor": {"type": "object", "required": ["name"]}},
}
TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
# What both schemas (security-report-schemas 15.2.1, as GitLab itself validates) demand of what we write, in our words; GitLab refuses a whole report for one breach.
SHAPE = Draft202012Validator(
    {
        "type": "object",
        "required": ["version", "scan", "vulnerabilities"],
        "properties": {
            "version": {"type": "string", "pattern": r"^15\.\d+\.\d+$"},
            "scan": {
                "type": "object",
                "required": ["analyzer", "scanner", "type", "status", "start_time", "end_time"],
                "properties": {
                    "analyzer": TOOL,
                    "scanner": TOOL,
                    "status": {"enum": ["success", "failure"]},
                    "start_time": TIME,
                    "end_time": TIME,
                    "messages": {
                        "type": "array",
                        "items": {
                            "required": ["level", "value"],
                            "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": NAMED},
                        },
                    },
                },
            },
            "vulnerabilities": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "identifiers", "location"],
                    "properties": {
                        "id": NAMED,
                        "name": {"type": "string", "maxLength": 255},
                        "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                        "solution": {"type": "string", "maxLength": 7000},
                        "identifiers": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "required": ["type", "name", "value"],
                                "properties": {"type": NAMED, "name": NAMED, "value": NAMED},
                            },
                        },
                        "description": {"type": "string", "maxLength": 1_048_576},
                        "location": {
                            "type": "object",
                            "properties": {
                                "file": {"type": "string"},
                                "start_line": {"type": "number"},
                                "end_line": {"type": "number"},
                                "commit": {
                                    "type": "object",
                                    "required": ["sha"],
                                    "properties": {"sha": NAMED, "author": {"type": "string"}, "date": {"type": "string"}},
                                },
                            },
                        },
                        "raw_source_code_extract": False,
                    },
                },
            },
        },
    }
)


def report_of(text: str) -> dict[str, Any]:
    text.encode("ascii")
    document = json.loads(text)
    SHAPE.validate(document)
    found = document["vulnerabilities"]
    assert len({item["id"] for item in found}) == len(found)
    if document["scan"]["type"] == "secret_detection":
        assert all(item["location"]["commit"]["sha"] for item in found)
    return document


def test_a_finding_is_a_vulnerability_with_its_commit() -> None:
    document = report_of(render_scan(scan(finding(author="Ada"))))
    assert document["scan"]["type"] == "secret_detection"
    assert (document["scan"]["start_time"], document["scan"]["end_time"]) == ("2026-01-02T03:04:05", "2026-01-02T03:04:06")
    (found,) = document["vulnerabilities"]
    assert found["severity"] == "High"
    assert found["location"] == {
        "file": "src/app.py",
        "start_line": 3,
        "end_line": 3,
        "commit": {"sha": "c0ffee" * 6 + "c0ff", "author": "Ada", "date": "2026-01-02T03:04:05+00:00"},
    }
    assert found["identifiers"][0]["value"] == "aws-access-key"


def test_a_finding_of_the_work_tree_has_gitlabs_empty_commit() -> None:
    (found,) = report_of(render_scan(scan(finding())))["vulnerabilities"]
    assert found["location"]["commit"] == {"sha": "0000000"}


def test_id_survives_a_move_and_differs_for_a_second_copy() -> None:
    (before,) = report_of(render_scan(scan(finding(line=3))))["vulnerabilities"]
    after = report_of(render_scan(scan(finding(line=30), finding(line=40))))["vulnerabilities"]
    assert before["id"] == after[0]["id"] != after[1]["id"]


def test_accepted_findings_are_left_out_and_unexamined_files_are_messages() -> None:
    report = scan(finding(status=FindingStatus.BASELINE), unchecked=(Unchecked("big.bin", "too large"),))
    document = report_of(render_scan(report))
    assert document["vulnerabilities"] == []
    assert document["scan"]["messages"] == [{"level": "warn", "value": "not examined: big.bin: too large"}]


def test_a_clean_scan_is_an_empty_report() -> None:
    assert report_of(render_scan(scan()))["vulnerabilities"] == []


def test_a_verdict_is_a_sast_report_of_its_failed_checks() -> None:
    document = report_of(render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)))
    assert document["scan"]["type"] == "sast"
    assert [item["location"]["file"] for item in document["vulnerabilities"]] == ["requirements.txt", "other.txt"]
    assert document["scan"]["messages"][0]["value"].startswith("not examined: model-unsafe: ")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_escaped(name: str) -> None:
    (found,) = report_of(render_scan(scan(finding(name))))["vulnerabilities"]
    assert found["location"]["file"].isprintable()


@given(REPORTS)
def test_any_scan_has_the_shape(report: ScanReport) -> None:
    new = sum(item.status is FindingStatus.NEW for item in report.findings)
    assert len(report_of(render_scan(report))["vulnerabilities"]) == new


@given(VERDICTS)
def test_any_verdict_has_the_shape(result: Verdict) -> None:
    failed = [check for check in result.checks if check.status is CheckStatus.FAIL]
    assert len(report_of(render_verdict(result))["vulnerabilities"]) == sum(max(len(check.locations), 1) for check in failed)
