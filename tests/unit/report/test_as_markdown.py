# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.verdict import Check, CheckStatus, Unchecked, Verdict
from pipeline_guard.report.as_markdown import markup, render_scan, render_verdict
from pipeline_guard.report.escape import visible
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, TEXT, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict

MIB = 1024 * 1024


def rows(text: str) -> list[list[str]]:
    """Read the tables' rows as cells of plain text, the way a reader sees them."""
    return [
        [unescape(re.sub(r"</?code>|<br>", "", cell)).strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def test_a_scan_is_a_heading_and_a_table_worst_first() -> None:
    report = scan(finding(), finding(status=FindingStatus.BASELINE), unchecked=(Unchecked("big.bin", "too large"),))
    text = render_scan(report)
    assert text.startswith("## pipeline-guard scan\n")
    assert rows(text) == [
        ["severity", "where", "what", "found", "next step"],
        ["---"] * 5,
        ["high", "src/app.py:3:8", "AWS access key (high)", "AKIA… (20 characters)", "revoke it in the console"],
        ["what", "why"],
        ["---"] * 2,
        ["big.bin", "too large"],
    ]


def test_a_clean_scan_has_no_table() -> None:
    assert rows(render_scan(scan())) == []


def test_a_verdict_lists_what_needs_a_reader_and_names_the_policy() -> None:
    text = render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED))
    assert [row[:2] for row in rows(text)[2:]] == [
        ["fail", "requirements-unhashed"],
        ["unchecked", "model-unsafe"],
        ["waived", "artifact-unsigned"],
    ]
    assert "main:.pipeline-guard.yml" in unescape(text)


def test_summary_stays_under_one_mebibyte_and_counts_the_rest() -> None:
    long = "(" * 400  # every character of it grows fivefold
    text = render_scan(
        scan(*(finding(f"{n}{long}") for n in range(2000)), unchecked=tuple(Unchecked(f"{n}{long}", long) for n in range(2000)))
    )
    assert len(text.encode()) < MIB
    assert re.search(r"\n\d+ more findings: see the report file\n", text)
    assert re.search(r"\n\d+ more not examined: see the report file\n", text)
    checks = [Check(f"{n}", CheckStatus.FAIL, "&" * 400, FAILED.locations, "&" * 400) for n in range(2000)]
    assert len(render_verdict(verdict(*checks)).encode()) < MIB


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_text_in_its_cell(name: str) -> None:
    text = render_scan(scan(finding(name)))
    (row,) = rows(text)[2:]
    assert len(row) == 5
    assert visible(name) in row[1]
    assert not re.search(r"<(?!/?code>|br>)", text)


@given(TEXT)
def test_escaped_text_holds_no_markup_and_reads_back(text: str) -> None:
    escaped = markup(text)
    assert re.fullmatch(r"(?:[^\W_]|&#\d+;|[ ,;()/+\-='\"?%])*", escaped)
    assert unescape(escaped) == visible(text)


@given(REPORTS)
def test_any_scan_keeps_its_tables(report: ScanReport) -> None:
    text = render_scan(report)
    text.encode("utf-8")
    assert {len(row) for row in rows(text)} <= {2, 5}


@given(VERDICTS)
def test_any_verdict_keeps_its_table(result: Verdict) -> None:
    text = render_verdict(result)
    text.encode("utf-8")
    assert {len(row) for row in rows(text)} <= {5}
