# SPDX-License-Identifier: Apache-2.0
"""Findings and verdicts for the tests of every format: plain ones, hostile ones, arbitrary ones."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from pipeline_guard.model.finding import Confidence, Finding, FindingStatus, Origin, ScanReport, ScanStats, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict

HOSTILE = (
    "a\nb.py",
    "::error file=x::owned",
    "x##[add-mask]y",
    "a|b`c`<script>alert(1)</script>.md",
    "tab\there\r\x1b[31mred\x00",
    "right\u202eto-left",
    "not-utf8-\udcff\udc80",
    "lone-\ud800",
    '=cmd|"/c calc"!A0',
    "%0A::warning::x,y:z",
    "]]></testcase><!--",
    "@someone [click](https://example.org) www.example.org",
    "noncharacter-\ufffe-\U0001f600",
)


def finding(
    path: str = "src/app.py",
    severity: Severity = Severity.HIGH,
    status: FindingStatus = FindingStatus.NEW,
    *,
    line: int = 3,
    title: str = "AWS access key",
    author: str = "",
) -> Finding:
    """One finding, its fields distinct enough to be told apart in any format."""
    return Finding(
        rule="aws-access-key",
        title=title,
        severity=severity,
        confidence=Confidence.HIGH,
        location=Location(path, line, 8, line, 28, 40, 60),
        fingerprint="f1" * 16,
        preview="AKIA… (20 characters)",
        hint="revoke it in the console",
        status=status,
        origin=Origin("c0ffee" * 6 + "c0ff", author, "2026-01-02T03:04:05+00:00") if author else None,
    )


def scan(*findings: Finding, unchecked: tuple[Unchecked, ...] = ()) -> ScanReport:
    """A report that began at a known time."""
    return ScanReport(findings, unchecked, ScanStats(12, 3456, 2, 1.5, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))


def verdict(*checks: Check, outcome: Outcome = Outcome.BLOCK) -> Verdict:
    """A verdict under a known policy."""
    return Verdict(outcome, checks, "sha256:" + "ab" * 32, "main:.pipeline-guard.yml")


FAILED = Check(
    "requirements-unhashed",
    CheckStatus.FAIL,
    "requests is not pinned by hash",
    (Location("requirements.txt", 3, 1, 3, 9), Location("other.txt")),
    "pip-compile --generate-hashes",
)
PASSED = Check("action-unpinned", CheckStatus.PASS, "every action is pinned by commit")
UNCHECKED = Check("model-unsafe", CheckStatus.UNCHECKED, "model.bin is larger than the limit", (Location("model.bin"),))
WAIVED = Check("artifact-unsigned", CheckStatus.WAIVED, "waived until 2027-01-01 by ada: legacy", (Location("dist/old.whl"),))

# every character there is, lone surrogates included
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
COUNT = st.integers(0, 10**9)
LOCATIONS = st.builds(Location, TEXT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, TEXT)
FINDINGS = st.builds(
    Finding,
    rule=st.text(st.characters(exclude_categories=()), min_size=1, max_size=20),
    title=TEXT,
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    location=LOCATIONS,
    fingerprint=st.text("0123456789abcdef", min_size=8, max_size=64),
    preview=TEXT,
    hint=TEXT,
    status=st.sampled_from(FindingStatus),
    origin=st.none() | st.builds(Origin, TEXT, TEXT, TEXT),
    decoded_from=TEXT,
)
REPORTS = st.builds(
    ScanReport,
    st.lists(FINDINGS, max_size=4).map(tuple),
    st.lists(st.builds(Unchecked, TEXT, TEXT), max_size=2).map(tuple),
    st.builds(ScanStats, COUNT, COUNT, COUNT, st.floats(0, 1e6)),
)
CHECKS = st.builds(
    Check,
    id=st.text(st.characters(exclude_categories=()), min_size=1, max_size=20),
    status=st.sampled_from(CheckStatus),
    why=TEXT,
    locations=st.lists(LOCATIONS, max_size=3).map(tuple),
    fix=TEXT,
)
VERDICTS = st.builds(Verdict, st.sampled_from(Outcome), st.lists(CHECKS, max_size=4).map(tuple), TEXT, TEXT)
