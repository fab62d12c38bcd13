# SPDX-License-Identifier: Apache-2.0
"""No report of any format holds a value: over what every rule finds in its own examples."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.cli.commands import FORMATS
from pipeline_guard.cli.output import render
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.sealed import Stored
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.rule import Rule
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand
from tests.fakes.cache import MemoryCache

NOW = datetime(2026, 11, 1, tzinfo=UTC)
JUDGEMENT = Judgement(NOW, lambda rule, value: f"{len(rule):032x}{len(value):032x}")
PIECE = 12  # characters of a value in a row that no report may hold


@cache
def rules() -> tuple[Rule, ...]:
    return load(PackagedRules(), MemoryCache()).rules


def leaks(report: ScanReport, values: list[str]) -> list[tuple[str, str]]:
    """Return (format, piece of a value) for every piece that stands in a report; the public prefix aside."""
    found = []
    for form in (each for each in FORMATS if each != "gitlab-dependency"):  # which a scan does not have
        text = render(report, form)
        for finding, value in zip(report.findings, values, strict=True):
            hidden = value[finding.preview.index("...") if "..." in finding.preview else 0 :]
            pieces = {hidden[place : place + PIECE] for place in range(0, max(len(hidden) - PIECE, 0) + 1, 4)}
            found += [(form, piece) for piece in pieces if len(piece) >= 8 and piece.strip() and piece in text]
    return found


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["a.txt", "settings.py", "größe/ü.env"]))
def test_no_report_holds_what_a_rule_found(which: int, seed: int, path: str) -> None:
    rule = rules()[which % len(rules())]
    text = expand(rule.examples[which % len(rule.examples)], f"{rule.id}{seed}").encode()
    entry = Entry(path, b"x\n" + text + b"\n")
    detector = Detector([rule], Prefilter([rule], "", MemoryCache(), engine=False))
    found, unchecked = findings(entry, detector, JUDGEMENT)
    values = [entry.data[one.location.byte_start : one.location.byte_end].decode("utf-8", "replace") for one in found]
    assert leaks(ScanReport(tuple(found), tuple(unchecked)), values) == []


def test_stored_value_is_in_no_report() -> None:
    value = b"correct horse battery staple"
    judgement = Judgement(NOW, JUDGEMENT.fingerprint, stored=lambda text: [Stored(2, 2 + len(value), "db", 1)] if value in text else [])
    found, _ = findings(Entry("a", b"x=" + value), Detector([], Prefilter([], "", MemoryCache(), engine=False)), judgement)
    assert [one.rule for one in found] == ["stored-secret"]
    assert leaks(ScanReport(tuple(found)), [value.decode()]) == []


def test_these_tests_would_see_a_leak() -> None:
    rule = next(one for one in rules() if one.id == "github-token")
    entry = Entry("a", expand(rule.examples[0], rule.id).encode())
    detector = Detector([rule], Prefilter([rule], "", MemoryCache(), engine=False))
    (found,), _ = findings(entry, detector, JUDGEMENT)
    value = entry.data[found.location.byte_start : found.location.byte_end].decode()
    named = Entry(value, entry.data)
    (told,), _ = findings(named, detector, JUDGEMENT)
    assert {form for form, _ in leaks(ScanReport((told,)), [value])} >= {"json", "sarif", "text"}
