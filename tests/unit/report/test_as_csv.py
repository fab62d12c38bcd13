# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given

from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.verdict import Unchecked, Verdict
from pipeline_guard.report.as_csv import CHECK_COLUMNS, FINDING_COLUMNS, cell, render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, VERDICTS, finding, scan, verdict


def rows(text: str) -> list[dict[str, str]]:
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_a_finding_and_one_for_what_was_not_examined() -> None:
    found = rows(render_scan(scan(finding(), unchecked=(Unchecked("big.bin", "larger than the limit"),))))
    assert tuple(found[0]) == FINDING_COLUMNS
    assert (found[0]["path"], found[0]["line"], found[0]["severity"], found[0]["commit"]) == ("src/app.py", "3", "high", "")
    assert (found[1]["status"], found[1]["path"], found[1]["title"]) == ("unchecked", "big.bin", "larger than the limit")


def test_one_row_a_place_of_a_check_and_one_for_a_check_without() -> None:
    found = rows(render_verdict(verdict(PASSED, FAILED)))
    assert tuple(found[0]) == CHECK_COLUMNS
    assert [(row["status"], row["path"], row["line"]) for row in found] == [
        ("fail", "requirements.txt", "3"),
        ("fail", "other.txt", "0"),
        ("pass", "", ""),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "%0A", "|calc", '=cmd|"/c calc"!A0'])
def test_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_stays_in_its_cell(name: str) -> None:
    (row,) = rows(render_scan(scan(finding(name))))
    assert row["path"] == cell(name)
    assert row["path"].isprintable()


@given(REPORTS)
def test_any_scan_reads_back_with_every_row_and_no_formula(report: ScanReport) -> None:
    found = rows(render_scan(report))
    assert len(found) == len(report.findings) + len(report.unchecked)
    check_cells(found)


@given(VERDICTS)
def test_any_verdict_reads_back_with_every_row_and_no_formula(result: Verdict) -> None:
    found = rows(render_verdict(result))
    assert len(found) == sum(max(len(check.locations), 1) for check in result.checks)
    check_cells(found)


def check_cells(found: list[dict[str, str]]) -> None:
    for row in found:
        for value in row.values():
            assert not value.lstrip().startswith(("=", "+", "-", "@", "|", "%"))
            assert value.isprintable()
