# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.verdict import Outcome, Unchecked, Verdict
from pipeline_guard.report.as_junit import render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

# What junit-10.xsd (Jenkins' xunit plugin, MIT) allows of what we write, in our words; and what GitLab and others read beyond it.
COUNTS = {"tests", "failures", "errors"}
TESTCASE = {"name", "classname", "time", "group"} | {"file", "line"}
ALLOWED = {
    "testsuites": ({"name", "time", *COUNTS} | {"skipped"}, {"testsuite"}),
    "testsuite": ({"name", "time", "skipped", *COUNTS}, {"testcase"}),
    "testcase": (TESTCASE, {"failure", "error", "skipped"}),
    **{outcome: ({"type", "message"}, set[str]()) for outcome in ("failure", "error", "skipped")},
}
REQUIRED = {"testsuite": {"name", *COUNTS}, "testcase": {"name"}}


def check_shape(element: ET.Element) -> None:
    attributes, inside = ALLOWED[element.tag]
    assert set(element.attrib) <= attributes, element.tag
    assert set(element.attrib) >= REQUIRED.get(element.tag, set()), element.tag
    assert {child.tag for child in element} <= inside, element.tag
    assert all(attribute.isdecimal() for name, attribute in element.attrib.items() if name in {*COUNTS, "skipped", "line"})
    for child in element:
        check_shape(child)


def suite(text: str) -> ET.Element:
    whole = ET.fromstring(text.encode("utf-8"))  # noqa: S314 our own text, small, without a DTD
    check_shape(whole)
    found = whole.find("testsuite")
    assert found is not None
    cases = found.findall("testcase")
    assert int(found.attrib["tests"]) == len(cases)
    for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(found.attrib[count]) == len(found.findall(f"testcase/{outcome}"))
    return found


def test_each_finding_is_a_failure_at_its_place() -> None:
    (case,) = suite(render_scan(scan(finding()))).findall("testcase")
    assert case.attrib["name"] == "src/app.py:3:8 AWS access key"
    assert (case.attrib["file"], case.attrib["line"]) == ("src/app.py", "3")
    (failure,) = case
    assert (failure.tag, failure.attrib["message"]) == ("failure", "high: AWS access key")


def test_accepted_findings_are_skipped_and_unexamined_files_errors() -> None:
    report = scan(finding(status=FindingStatus.BASELINE), unchecked=(Unchecked("big.bin", "too large"),))
    assert [case[0].tag for case in suite(render_scan(report)).findall("testcase")] == ["skipped", "error"]


def test_a_clean_scan_is_one_passing_case() -> None:
    (case,) = suite(render_scan(scan())).findall("testcase")
    assert len(case) == 0


def test_each_check_is_a_case_with_its_outcome() -> None:
    cases = suite(render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED))).findall("testcase")
    assert [[part.tag for part in case] for case in cases] == [["failure"], ["error"], ["skipped"], []]
    assert "requirements.txt:3:1; other.txt; fix: pip-compile" in (cases[0][0].text or "")


def test_an_empty_verdict_is_one_passing_case() -> None:
    (case,) = suite(render_verdict(verdict(outcome=Outcome.ALLOW))).findall("testcase")
    assert len(case) == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_text_of_one_case(name: str) -> None:
    (case,) = suite(render_scan(scan(finding(name)))).findall("testcase")
    assert case.attrib["file"].isprintable()


@given(REPORTS)
def test_any_scan_is_well_formed(report: ScanReport) -> None:
    assert len(suite(render_scan(report))) == max(len(report.findings) + len(report.unchecked), 1)


@given(VERDICTS)
def test_any_verdict_is_well_formed(result: Verdict) -> None:
    assert len(suite(render_verdict(result))) == max(len(result.checks), 1)
