# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.report import Kept, overview
from pipeline_guard.flows.results import read_result
from pipeline_guard.model.finding import FindingStatus, ScanReport, Severity
from pipeline_guard.model.key import KeyState
from pipeline_guard.model.overview import Answer
from pipeline_guard.model.verdict import Outcome, Verdict
from pipeline_guard.report import as_json
from tests.fakes.overview import NOW, SIGNATURES, Book, findings, full, key, log
from tests.unit.report.samples import FAILED, REPORTS, VERDICTS, finding, scan, verdict


@given(REPORTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine the first example takes long
def test_a_scan_reads_back_as_what_it_was(report: ScanReport) -> None:
    again = read_result(as_json.render_scan(report).encode(), "scan.json")
    assert isinstance(again, ScanReport)
    assert as_json.render_scan(again) == as_json.render_scan(report)


@given(VERDICTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_verdict_reads_back_as_what_it_was(result: Verdict) -> None:
    again = read_result(as_json.render_verdict(result).encode(), "gate.json")
    assert isinstance(again, Verdict)
    assert as_json.render_verdict(again) == as_json.render_verdict(result)


SCAN = json.loads(as_json.render_scan(scan(finding(author="Ada"))))
GATE = json.loads(as_json.render_verdict(verdict(FAILED)))
VERIFY = {
    "schema": "pipeline-guard/verification/v1",
    "subjects": [
        {
            "subject": "a",
            "verified": True,
            "verdict": "valid",
            "why": "held",
            "signer": {"name": "release"},
            "time": {"time": "2026-01-01T00:00:00+00:00"},
        }
    ],
}


def bent(document: dict, path: str, value: object) -> bytes:
    """Return the document with one value replaced; ``path`` is its keys and indices."""
    copy = json.loads(json.dumps(document))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner = copy
    for part in way:
        inner = inner[part]
    inner[last] = value
    return json.dumps(copy).encode()


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        (SCAN, "schema", "pipeline-guard/other/v1"),
        (SCAN, "schema", None),
        (SCAN, "findings", {}),
        (SCAN, "findings.0", "text"),
        (SCAN, "findings.0.severity", "dreadful"),
        (SCAN, "findings.0.severity", ["high"]),
        (SCAN, "findings.0.line", -1),
        (SCAN, "findings.0.line", True),
        (SCAN, "findings.0.line", 10**30),
        (SCAN, "findings.0.line", 1.5),
        (SCAN, "findings.0.path", None),
        (SCAN, "stats.seconds", "1"),
        (SCAN, "stats.seconds", float("nan")),
        (SCAN, "stats.seconds", float("inf")),
        (GATE, "verdict", "fine"),
        (GATE, "checks.0.locations", None),
        (GATE, "checks.0.locations.0.line", "3"),
        (GATE, "policy", []),
        (VERIFY, "subjects.0.verified", "yes"),
        (VERIFY, "subjects.0.time", {"time": "yesterday"}),
        (VERIFY, "subjects.0.time", {"time": "2026-01-01T00:00:00"}),
        (VERIFY, "subjects.0.signer", "x"),
        (VERIFY, "subjects", None),
    ],
)
def test_a_bent_result_is_one_line_with_its_place(document: dict, path: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        read_result(bent(document, path, value), "r.json")
    assert caught.value.what.startswith("r.json")
    assert "\n" not in caught.value.what
    assert len(caught.value.what) < 300


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1}', b'{"a":' * 100_000, b"1" * 10_000])
def test_what_is_no_result_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        read_result(content, "r.json")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted({*SCAN, *GATE, "subjects"})), inner),
    ).map(lambda value: json.dumps({"schema": SCAN["schema"], **(value if isinstance(value, dict) else {})}).encode())
)
def test_anything_else_is_refused_and_never_a_crash(content: bytes) -> None:
    with pytest.raises(UsageError):
        read_result(content, "r.json")


def test_unknown_fields_of_a_result_reach_nothing() -> None:
    document = json.loads(json.dumps(SCAN))
    document["findings"][0]["value"] = "planted-by-somebody"
    assert "planted-by-somebody" not in repr(read_result(json.dumps(document).encode(), "r.json"))


@pytest.mark.parametrize(
    ("results", "answer"),
    [
        ([scan()], Answer.YES),
        ([scan(finding())], Answer.NO),
        ([scan(finding(severity=Severity.INFO))], Answer.YES),
        ([scan(finding(status=FindingStatus.BASELINE))], Answer.YES),
        ([full().unchecked and ScanReport((), full().unchecked)], Answer.INCOMPLETE),
        ([verdict(outcome=Outcome.ALLOW)], Answer.YES),
        ([verdict(outcome=Outcome.INCOMPLETE), scan()], Answer.INCOMPLETE),
        ([verdict(outcome=Outcome.INCOMPLETE), scan(finding())], Answer.NO),
        ([SIGNATURES], Answer.NO),
        ([SIGNATURES[:1]], Answer.YES),
        ([], Answer.NONE),
    ],
)
def test_the_answer_is_the_worst_of_all_results(results: list, answer: Answer) -> None:
    page = overview([(str(number), result) for number, result in enumerate(results)], Kept(Book(), []), (), NOW)
    assert page.answer is answer


def test_without_results_and_store_there_is_nothing_to_report() -> None:
    with pytest.raises(NothingToDo):
        overview([], None, (), NOW)


def test_a_finding_of_two_reports_counts_once_and_the_tallies_add_up() -> None:
    many = findings(300)
    page = overview([("a", ScanReport(many)), ("b", ScanReport(many[:50]))], None, (), NOW)
    assert len(page.findings) == 300
    assert sum(tally.total for tally in page.kinds) == sum(tally.total for tally in page.ages) == 300
    assert [tally.total for tally in page.kinds] == sorted((tally.total for tally in page.kinds), reverse=True)


@pytest.mark.parametrize(
    ("days", "label"), [(0.5, "under a day"), (1, "under a week"), (29, "under a month"), (400, "over a year"), (-5, "under a day")]
)
def test_a_finding_is_as_old_as_its_commit(days: float, label: str) -> None:
    old = finding(author="Ada")
    assert old.origin
    dated = replace(old, origin=replace(old.origin, date=(NOW - timedelta(days=days)).isoformat()))
    page = overview([("a", scan(dated))], None, (), NOW)
    assert [tally.label for tally in page.ages if tally.total] == [label]


@pytest.mark.parametrize("date", ["", "yesterday", "2026-13-45"])
def test_a_finding_without_a_date_is_said_to_have_none(date: str) -> None:
    old = finding(author="Ada")
    assert old.origin
    page = overview([("a", scan(replace(old, origin=replace(old.origin, date=date))))], None, (), NOW)
    assert [tally.label for tally in page.ages if tally.total] == ["not in a commit"]


def test_keys_are_set_against_their_cryptoperiod_the_overdue_first() -> None:
    book = Book((key("a", days=40), key("b", days=380), key("c", days=350), key("d", days=10, state=KeyState.DEACTIVATED)))
    page = overview([], Kept(book, []), (), NOW)
    assert [(line.name, line.age_days, line.period_days, line.due, line.overdue) for line in page.keys] == [
        ("b", 380, 365, True, True),
        ("c", 350, 365, True, False),
        ("a", 40, 365, False, False),
        ("d", 10, 365, False, False),
    ]


def test_leases_and_signatures_are_counted_over_time_and_none_is_lost() -> None:
    records = log(5000)
    page = overview([], Kept(Book(), records), (), NOW)
    assert page.lease_course
    assert page.sign_course
    assert page.lease_course.days == 2
    assert len(page.lease_course.stretches) <= 60
    asked = [record for record in records if record.event.action == "secret.lease"]
    assert sum(tally.total for tally in page.lease_course.stretches) == len(asked)
    assert page.sign_course.series == ("images", "models", "release")
    signed = [record for record in records if record.event.action == "sign"]
    assert sum(tally.total for tally in page.sign_course.stretches) == len(signed)


def test_many_signing_keys_become_one_series_of_others() -> None:
    records = [replace(record, event=replace(record.event, action="sign", why=f"key k{record.seq % 30} version 1")) for record in log(300)]
    page = overview([], Kept(Book(), records), (), NOW)
    assert page.sign_course
    assert len(page.sign_course.series) == 8
    assert page.sign_course.series[-1] == "other keys"
    assert sum(tally.total for tally in page.sign_course.stretches) == 300
