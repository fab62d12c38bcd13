# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Unchecked, Verdict
from pipeline_guard.report.as_sarif import render_scan, render_verdict, uri
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

SCHEMA = Draft4Validator(
    json.loads((Path(__file__).parents[2] / "vectors" / "schemas" / "sarif-2.1.0-rtm.5.json").read_text("utf-8")),
    format_checker=Draft4Validator.FORMAT_CHECKER,
)
URI = re.compile(r"(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})+")


def run_of(text: str) -> dict[str, Any]:
    """Read a log and check what the format and GitHub demand of it."""
    log = json.loads(text)
    SCHEMA.validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert {"id", "shortDescription", "fullDescription", "help"} <= set(rule)
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["partialFingerprints"]["pipelineGuard/v1"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert URI.fullmatch(place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
        assert "snippet" not in place["region"]
    return run


def test_a_finding_has_rule_place_and_fingerprint() -> None:
    run = run_of(render_scan(scan(finding("src/größe a.py"))))
    (result,) = run["results"]
    assert result["level"] == "error"
    assert result["partialFingerprints"] == {"pipelineGuard/v1": "f1" * 16}
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/gr%C3%B6%C3%9Fe%20a.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 28}
    assert "suppressions" not in result


def test_accepted_findings_carry_suppressions() -> None:
    report = scan(finding(status=FindingStatus.BASELINE), finding(status=FindingStatus.ALLOWED))
    kinds = [result["suppressions"][0]["kind"] for result in run_of(render_scan(report))["results"]]
    assert sorted(kinds) == ["external", "inSource"]


def test_state_against_the_baseline_is_told_where_there_is_one() -> None:
    report = scan(finding("old", status=FindingStatus.BASELINE), finding("new"), finding("allowed", status=FindingStatus.ALLOWED))
    states = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: one for one in run_of(render_scan(report))["results"]}
    assert {name: one["baselineState"] for name, one in states.items()} == {"old": "unchanged", "new": "new", "allowed": "new"}
    assert "baselineState" not in run_of(render_scan(scan(finding())))["results"][0]


def test_the_schema_of_these_tests_refuses_what_is_no_log() -> None:
    log = json.loads(render_scan(scan(finding())))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(ValidationError):
        SCHEMA.validate(log)


def test_what_was_not_examined_is_a_notification() -> None:
    run = run_of(render_scan(scan(unchecked=(Unchecked("big.bin", "too large"),))))
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "not examined: big.bin: too large"
    assert run["results"] == []


def test_rule_takes_the_severity_of_its_worst_finding() -> None:
    run = run_of(render_scan(scan(finding("a", Severity.LOW), finding("b", Severity.CRITICAL))))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.5"
    assert [result["level"] for result in run["results"]] == ["error", "note"]


def test_more_results_than_github_takes_are_cut_with_a_notice() -> None:
    run = run_of(render_scan(scan(*[finding()] * 25_003)))
    assert len(run["results"]) == 25_000
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("3 further results")


def test_a_verdict_gives_failed_unchecked_and_waived_checks() -> None:
    results = run_of(render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)))["results"]
    found = [(result["ruleId"], result["level"], "suppressions" in result) for result in results]
    assert found == [
        ("requirements-unhashed", "error", False),
        ("requirements-unhashed", "error", False),
        ("model-unsafe", "warning", False),
        ("artifact-unsigned", "error", True),
    ]


def test_a_check_without_a_place_points_to_the_configuration() -> None:
    from dataclasses import replace

    (result,) = run_of(render_verdict(verdict(replace(FAILED, locations=()))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == ".pipeline-guard.yml"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_a_relative_uri_of_the_same_bytes(name: str) -> None:
    written = uri(name)
    assert URI.fullmatch(written)
    if name != "lone-\ud800":
        assert unquote_to_bytes(written) == name.encode("utf-8", "surrogateescape")


@given(REPORTS)
def test_any_scan_is_a_sound_log(report: ScanReport) -> None:
    assert len(run_of(render_scan(report))["results"]) == len(report.findings)


@given(VERDICTS)
def test_any_verdict_is_a_sound_log(result: Verdict) -> None:
    run_of(render_verdict(result))


def test_location_that_ends_before_it_begins_loses_its_end() -> None:
    from dataclasses import replace

    broken = replace(finding(), location=Location("x", 5, 9, 5, 2))
    (result,) = run_of(render_scan(scan(broken)))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "startColumn": 9}
