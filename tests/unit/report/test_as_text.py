# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict
from pipeline_guard.report.as_text import place_of, render_scan, render_verdict
from tests.unit.report.samples import FAILED, HOSTILE, PASSED, REPORTS, UNCHECKED, VERDICTS, WAIVED, finding, scan, verdict


def test_a_scan_reads_as_place_severity_title_preview_hint_and_counts() -> None:
    report = scan(
        finding("low.py", Severity.LOW),
        finding(author="Ada"),
        finding("ok.py", status=FindingStatus.ALLOWED),
        finding("old.py", status=FindingStatus.BASELINE),
        unchecked=(Unchecked("big.bin", "larger than the limit"),),
    )
    assert render_scan(report) == (
        "src/app.py:3:8: high: AWS access key (high confidence) [aws-access-key]\n"
        "    found: AKIA… (20 characters)\n"
        "    commit: c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff by Ada on 2026-01-02T03:04:05+00:00\n"
        "    hint: revoke it in the console\n"
        "\n"
        "low.py:3:8: low: AWS access key (high confidence) [aws-access-key]\n"
        "    found: AKIA… (20 characters)\n"
        "    hint: revoke it in the console\n"
        "\n"
        "allowed: ok.py:3:8: AWS access key\n"
        "\n"
        "not examined: big.bin: larger than the limit\n"
        "\n"
        "2 findings (1 high, 1 low), 1 in the baseline, 1 allowed, 1 not examined; 12 files, 3,456 bytes, 2 commits in 1.5 s\n"
    )


def test_a_clean_scan_is_one_line() -> None:
    assert render_scan(scan()) == "0 findings; 12 files, 3,456 bytes, 2 commits in 1.5 s\n"


def test_a_verdict_reads_as_status_reason_place_fix_and_policy() -> None:
    assert render_verdict(verdict(PASSED, WAIVED, UNCHECKED, FAILED)) == (
        "fail       requirements-unhashed: requests is not pinned by hash\n"
        "           at requirements.txt:3:1\n"
        "           at other.txt\n"
        "           fix: pip-compile --generate-hashes\n"
        "unchecked  model-unsafe: model.bin is larger than the limit\n"
        "           at model.bin\n"
        "waived     artifact-unsigned: waived until 2027-01-01 by ada: legacy\n"
        "           at dist/old.whl\n"
        "pass       action-unpinned\n"
        "\n"
        "verdict: block: 1 failed, 1 unchecked, 1 waived, 1 passed\n"
        f"policy sha256:{'ab' * 32} from main:.pipeline-guard.yml\n"
    )


def test_checks_that_could_not_look_for_one_reason_are_told_once() -> None:
    places = (Location("lock"),)
    alike = [Check(name, CheckStatus.UNCHECKED, "no network", places, f"put {name} under gate.allow-unchecked") for name in ("x", "y")]
    assert render_verdict(verdict(*alike)).startswith(
        "unchecked  x, y: no network\n           at lock\n           fix: put them under gate.allow-unchecked\n\nverdict"
    )


def test_an_empty_verdict_still_names_its_policy() -> None:
    assert render_verdict(verdict(outcome=Outcome.ALLOW)).startswith("verdict: allow: no checks\npolicy sha256:")


def test_very_many_places_are_counted_not_listed() -> None:
    places = tuple(Location("f", line) for line in range(1, 1001))
    text = render_verdict(verdict(Check("x", CheckStatus.FAIL, "why", places)))
    assert text.count(" at f:") == 20
    assert "and 980 more places" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_stays_on_its_line_and_is_no_command(name: str) -> None:
    text = render_scan(scan(finding(name)))
    assert len(text.splitlines()) == 5
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in text.splitlines())
    assert "\x1b" not in text


def test_path_that_looks_like_a_command_is_still_that_path() -> None:
    assert place_of(Location("::error::x", 1, 2)) == "./::error::x:1:2"


@given(REPORTS)
def test_any_scan_is_printable_lines_without_commands(report: ScanReport) -> None:
    check_lines(render_scan(report))


@given(VERDICTS)
def test_any_verdict_is_printable_lines_without_commands(result: Verdict) -> None:
    check_lines(render_verdict(result))


def check_lines(text: str) -> None:
    assert text.endswith("\n")
    for line in text.split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
