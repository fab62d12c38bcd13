# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from pipeline_guard.flows.report import Kept, overview
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.finding import ScanReport
from pipeline_guard.model.overview import Overview, Signature
from pipeline_guard.model.verdict import Check, CheckStatus, Unchecked, Verdict
from pipeline_guard.report import as_html
from pipeline_guard.report.element import bounded, tag
from pipeline_guard.report.style import style
from tests.fakes.overview import NOW, Book, chain, full, key
from tests.unit.report.samples import HOSTILE, REPORTS, VERDICTS, finding, verdict

VOID = {"meta", "input"}


class Reader(HTMLParser):
    """Checks that every element is closed in order, and gathers what is there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def hostile() -> Overview:
    """A page in which every text is somebody's attack."""
    findings = tuple(replace(finding(name), title=name, preview=name, fingerprint=f"{number:08x}") for number, name in enumerate(HOSTILE))
    checks = tuple(Check(name, CheckStatus.FAIL, name, (findings[0].location,), name) for name in HOSTILE)
    signatures = tuple(Signature(name, False, name, name, name, name, None) for name in HOSTILE)
    events = [AuditEvent(NOW, name, "sign", name, "denied", f"key {name} version 1") for name in HOSTILE]
    records = Kept(
        Book((key("release"),)), chain([replace(event, actor=event.actor.encode("utf-8", "replace").decode()) for event in events])
    )
    results = [
        (HOSTILE[3], ScanReport(findings, (Unchecked(HOSTILE[3], HOSTILE[3]),))),
        ("v", Verdict(verdict().outcome, checks, "", "")),
        ("s", signatures),
    ]
    return overview(results, records, (Unchecked(HOSTILE[3], HOSTILE[3]),), NOW)


def test_the_page_says_what_is_wrong_where_and_what_mends_it() -> None:
    words = " ".join(Reader(as_html.render(full())).words)
    for told in ("Not in order", "40 findings, 2 failed checks, 1 signature that does not hold and 2 things that could not be examined."):
        assert told in words
    for told in (
        "requirement-unhashed",
        "requirements.txt:1",
        "uv pip compile --generate-hashes INPUT",
        "380 of 365 days",
        "rotate now",
        "tampered",
    ):
        assert told in words


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = as_html.render(full())
    page = Reader(text)
    assert not page.names & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "video", "audio"}
    assert not [each for each in page.attributes if each[1].startswith("on") or each[1] in ("style", "src", "srcset")]
    assert all(value and value.startswith("#") for _, name, value in page.attributes if name in ("href", "xlink:href"))
    assert "url(" not in style()
    assert "@import" not in style()
    (policy,) = [value for _, name, value in page.attributes if name == "content" and value and "default-src" in value]
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_no_positive_tabindex_bends_the_order_and_every_table_has_a_name() -> None:
    page = Reader(as_html.render(full()))
    assert {value for _, name, value in page.attributes if name == "tabindex"} == {"0"}
    assert as_html.render(full()).count("<table") == as_html.render(full()).count("<caption")
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for _, name, value in page.attributes if name == "href" and value} <= set(filter(None, ids))


def test_ten_thousand_events_and_findings_stay_under_the_limit_and_are_counted() -> None:
    page = full(10_000, 10_000, 300)
    text = as_html.render(page)
    assert len(text.encode("utf-8")) < as_html.LIMIT
    words = " ".join(Reader(text).words)
    assert "10,000 findings" in words
    assert "10,000 records" in words
    assert "9,800 more findings: --format json has them all" in words


def test_texts_as_long_and_foreign_as_they_can_be_stay_under_the_limit() -> None:
    worst = "\U0001fffe\ud800'\"<&>" * 100
    findings = tuple(replace(finding(worst, title=worst, line=number), preview=worst, fingerprint=f"{number:08x}") for number in range(400))
    checks = tuple(Check(worst, CheckStatus.FAIL, worst, (findings[0].location,) * 9, worst) for _ in range(400))
    signatures = tuple(Signature(worst, False, worst, worst, worst, worst, None) for _ in range(400))
    unchecked = tuple(Unchecked(f"{worst}{number}", worst) for number in range(400))
    results = [(worst, ScanReport(findings, unchecked)), (worst, Verdict(verdict().outcome, checks, worst, worst)), (worst, signatures)]
    text = as_html.render(overview(results * 3, None, unchecked, NOW))
    assert len(text.encode("utf-8")) < as_html.LIMIT
    Reader(text)


def test_attacks_are_text() -> None:
    text = as_html.render(hostile())
    page = Reader(text)
    assert page.names == Reader(as_html.render(full())).names - {"input", "label"} | page.names & {"input", "label"}
    assert any("<script>alert(1)</script>" in word for word in page.words)
    assert "\x1b" not in text
    assert "\u202e" not in text


@given(REPORTS, VERDICTS)
def test_any_results_make_a_page_that_is_well_formed(report: ScanReport, result: Verdict) -> None:
    text = as_html.render(overview([("a", report), ("b", result)], None, (), NOW))
    Reader(text)
    text.encode("utf-8")


def test_an_empty_page_says_that_there_are_no_results() -> None:
    words = " ".join(Reader(as_html.render(overview([], Kept(Book(), []), (), NOW))).words)
    assert "No results yet" in words


@pytest.mark.parametrize(("given_", "shown"), [("<b>", "&lt;b&gt;"), ('"', "&quot;"), ("\n", "\\n"), ("\u202e", "\\u202e")])
def test_an_element_escapes_text_and_attributes(given_: str, shown: str) -> None:
    assert tag("p", given_, title=given_).text == f'<p title="{shown}">{shown}</p>'


def test_rows_are_bounded_by_number_and_by_bytes() -> None:
    rows = [tag("p", str(number)) for number in range(10)]
    assert bounded(rows, 10**6, 10, 4, "rows") == (rows[:4], "6 more rows: --format json has them all")
    assert bounded(rows, 16, 10, 4, "rows")[0] == rows[:2]
    assert bounded(rows, 10**6, 10, 10, "rows") == (rows, "")
