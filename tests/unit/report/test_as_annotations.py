# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_annotations import render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

COMMAND = re.compile(r"::(error|warning|notice) ((?:[A-Za-z]+=[^:,\r\n]*,?)*)::([^\r\n]*)")


def unescape(text: str) -> str:
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read a log as GitHub's runner does: every line that begins with :: must be one of our annotations."""
    found = []
    for line in text.split("\n"):
        if line.lstrip().startswith("::"):
            parts = COMMAND.fullmatch(line)
            assert parts, line
            pairs = (pair.partition("=") for pair in parts[2].split(","))
            found.append((parts[1], {key: unescape(value) for key, _, value in pairs}, unescape(parts[3])))
        else:
            assert "##[" not in line
    return found


def test_a_finding_is_annotated_at_its_line_and_columns() -> None:
    ((level, properties, message),) = commands(render_scan(scan(finding())))
    assert level == "error"
    assert properties == {
        "title": "high: AWS access key",
        "file": "src/app.py",
        "line": "3",
        "endLine": "3",
        "col": "8",
        "endColumn": "28",
    }
    assert message == "AKIA… (20 characters) [aws-access-key]. revoke it in the console"


def test_worst_ten_of_each_level_and_the_number_of_the_others() -> None:
    text = render_scan(scan(*(finding(f"{n}.py", severity) for severity in Severity for n in range(25))))
    levels = [level for level, _, _ in commands(text)]
    assert [levels.count(level) for level in ("error", "warning", "notice")] == [10, 10, 10]
    assert "40 more of level error" in text
    assert "15 more of level warning" in text
    assert text.endswith("pipeline-guard scan: 125 findings (25 critical, 25 high, 25 medium, 25 low, 25 info)\n")
    assert all(properties["title"].startswith("critical") for level, properties, _ in commands(text) if level == "error")


def test_accepted_findings_are_not_annotated_and_unexamined_files_are_warnings() -> None:
    report = scan(finding(status=FindingStatus.BASELINE), unchecked=(Unchecked("big.bin", "too large"),))
    assert commands(render_scan(report)) == [("warning", {"title": "not examined"}, "big.bin: too large")]


def test_every_check_is_annotated_before_any_second_place() -> None:
    found = commands(render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)))
    assert [(level, properties["file"]) for level, properties, _ in found] == [
        ("error", "requirements.txt"),
        ("warning", "model.bin"),
        ("notice", "dist/old.whl"),
        ("error", "other.txt"),
    ]
    assert "line" not in found[3][1]


def test_columns_of_a_span_over_lines_are_left_out() -> None:
    check = Check("x", CheckStatus.FAIL, "why", (Location("f", 1, 5, 3, 2),))
    ((_, properties, _),) = commands(render_verdict(verdict(check)))
    assert properties == {"title": "x", "file": "f", "line": "1", "endLine": "3"}


def test_long_message_is_cut_below_githubs_limit() -> None:
    check = Check("x", CheckStatus.FAIL, "w" * 100_000)
    ((_, _, message),) = commands(render_verdict(verdict(check)))
    assert len(message) <= 4096


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_one_property_and_no_command(name: str) -> None:
    text = render_scan(scan(finding(name)))
    text.encode("utf-8")
    ((_, properties, _),) = commands(text)
    assert properties["file"] == name or "\\" in properties["file"]


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_title_is_no_command(title: str) -> None:
    assert len(commands(render_scan(scan(finding(title=title))))) == 1


@given(REPORTS)
def test_any_scan_gives_only_our_commands(report: ScanReport) -> None:
    text = render_scan(report)
    text.encode("utf-8")
    new = sum(item.status is FindingStatus.NEW for item in report.findings)
    assert len(commands(text)) == new + len(report.unchecked)


@given(VERDICTS)
def test_any_verdict_gives_only_our_commands(result: Verdict) -> None:
    commands(render_verdict(result))
