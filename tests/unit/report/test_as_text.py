# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from hypothesis import given

from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict
from pipeline_guard.report.as_text import place_of, render_scan, render_verdict
from pipeline_guard.report.look import Look
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
        "FAIL       requirements-unhashed: requests is not pinned by hash\n"
        "           at requirements.txt:3:1\n"
        "           at other.txt\n"
        "           fix: pip-compile --generate-hashes\n"
        "unchecked  model-unsafe: model.bin is larger than the limit\n"
        "           at model.bin\n"
        "waived     artifact-unsigned: waived until 2027-01-01 by ada: legacy\n"
        "           at dist/old.whl\n"
        "pass       1 check: workflows 1\n"
        "\n"
        "verdict: block: 1 failed, 1 unchecked, 1 waived, 1 passed\n"
        f"policy sha256:{'ab' * 32} from main:.pipeline-guard.yml\n"
    )


def test_what_passed_is_one_line_by_group_and_each_on_its_own_only_when_asked_for() -> None:
    ids = ["lock-drift", "lock-source", "requirement-index", "gitlab-injection", "model-code", "pickle-unsafe", "action-unpinned"]
    result = verdict(*(Check(name, CheckStatus.PASS, "no model files among 9 files") for name in ids), outcome=Outcome.ALLOW)
    assert render_verdict(result).splitlines()[0] == "pass       7 checks: dependencies 3, models 2, GitLab CI 1, workflows 1"
    told = render_verdict(result, Look(verbose=True)).splitlines()
    assert told[:7] == [f"pass       {name}: no model files among 9 files" for name in ids]


def test_a_note_to_the_reviewer_is_shown_although_it_passes() -> None:
    note = Check("gate-file-changed", CheckStatus.PASS, ".pipeline-guard.yml was changed", (Location(".pipeline-guard.yml"),))
    assert render_verdict(verdict(note)).startswith("note       gate-file-changed: .pipeline-guard.yml was changed\n           at .pipe")


def test_one_unreadable_file_is_told_once_however_many_checks_it_stops() -> None:
    place = (Location("big.yml"),)
    stopped = [
        Check(name, CheckStatus.UNCHECKED, "over 4 MiB", place, f"allow {name}")
        for name in ("action-unpinned", "image-unpinned", "tool-unpinned")
    ]
    text = render_verdict(verdict(*stopped, Check("model-code", CheckStatus.UNCHECKED, "over 4 MiB", (Location("other"),))))
    assert text.count("at big.yml") == 1
    assert "unchecked  action-unpinned (and 2 more checks): over 4 MiB\n" in text
    assert "verdict: block: 4 unchecked\n" in text


def test_colour_adds_to_the_words_and_changes_none() -> None:
    for plain, coloured in (
        (render_verdict(verdict(FAILED, PASSED, WAIVED)), render_verdict(verdict(FAILED, PASSED, WAIVED), Look(colour=True))),
        (render_scan(scan(finding())), render_scan(scan(finding()), Look(colour=True))),
    ):
        assert "\x1b[1;31m" in coloured
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_narrow_terminal_folds_sentences_and_leaves_paths_and_words_whole() -> None:
    long = Check("x-y", CheckStatus.FAIL, "word " * 40 + "end", (Location("a/" * 50 + "f"),), "do " * 40)
    text = render_verdict(verdict(long), Look(width=60))
    assert ("a/" * 50 + "f\n") in text
    assert max(len(line) for line in text.splitlines() if "a/a/" not in line and "sha256" not in line) <= 60
    assert " ".join(text.split()) == " ".join(render_verdict(verdict(long)).split())


def test_an_ascii_terminal_gets_ascii() -> None:
    text = render_scan(scan(finding("gr\u00fc\u00df.py")), Look(unicode=False))
    assert text.isascii()
    assert "AKIA..." in text
    assert "gr\\xfc\\xdf.py" in text


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
