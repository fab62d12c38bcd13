# SPDX-License-Identifier: Apache-2.0
"""Candidates of one stored file to findings: places in the file, fingerprints, and whether they count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Finding, FindingStatus
from pipeline_guard.model.location import Location
from pipeline_guard.model.sealed import Stored
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan.allow import is_allowed
from pipeline_guard.scan.condition import Conditions, kept
from pipeline_guard.scan.detect import Candidate, Detector
from pipeline_guard.scan.foreign import Known
from pipeline_guard.scan.stored import with_stored
from pipeline_guard.scan.text import Lines, fragments


@dataclass(frozen=True, slots=True)
class Judgement:
    """What decides whether a finding counts. ``fingerprint`` is a keyed function of (rule, value)."""

    now: datetime
    fingerprint: Callable[[str, bytes], str]
    baseline: frozenset[tuple[str, str]] = frozenset()
    foreign_markers: bool = False
    known: Known | None = None  # another scanner's list of known findings
    conditions: Conditions = field(default_factory=Conditions)
    stored: Callable[[bytes], Sequence[Stored]] | None = None  # finds values of the store


def findings(entry: Entry, detector: Detector, judgement: Judgement) -> tuple[list[Finding], list[Unchecked]]:
    """Return what one file holds, in order of place, never the value; and what of it could not be read."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    lines: Lines | None = None
    for fragment in fragments(entry.path, entry.data):
        if isinstance(fragment, Unchecked):
            unchecked.append(fragment)
            continue
        for candidate in _candidates(fragment.data, entry, detector, judgement):
            lines = lines or Lines(entry.data)
            found.append(
                _finding(entry, candidate, fragment.stored(candidate.start, candidate.end), fragment.decoded_from, lines, judgement)
            )
    return sorted(found, key=lambda one: (one.location.byte_start, one.rule)), unchecked


def _candidates(text: bytes, entry: Entry, detector: Detector, judgement: Judgement) -> list[Candidate]:
    candidates = detector.detect(text, judgement.now, path=entry.path)
    if judgement.conditions.rules:
        candidates = kept(text, candidates, entry, judgement.conditions)
    return with_stored(text, candidates, judgement.stored(text)) if judgement.stored else candidates


def _finding(entry: Entry, candidate: Candidate, span: tuple[int, int], decoded_from: str, lines: Lines, judgement: Judgement) -> Finding:
    rule = candidate.rule
    location = lines.location(entry.path, span, entry.origin.commit if entry.origin else "")
    fingerprint = judgement.fingerprint(rule.id, candidate.value)
    return Finding(
        rule=rule.id,
        title=rule.title,
        severity=candidate.severity,
        confidence=candidate.confidence,
        location=location,
        fingerprint=fingerprint,
        preview=preview(candidate),
        hint=f"{candidate.proof.note}; {rule.hint}" if candidate.proof.note else rule.hint,
        status=_status(candidate, location, fingerprint, lines, judgement),
        origin=entry.origin,
        decoded_from=decoded_from,
    )


def _status(candidate: Candidate, location: Location, fingerprint: str, lines: Lines, judgement: Judgement) -> FindingStatus:
    rule, today = candidate.rule.id, judgement.now.date()
    first, last, above = lines.text(location.line), lines.text(location.end_line), lines.text(location.line - 1)
    if any(is_allowed(rule, line, above, today, fingerprint=fingerprint, foreign=judgement.foreign_markers) for line in (first, last)):
        return FindingStatus.ALLOWED
    # of a match only the value is known here, which may cover less than gitleaks would, never more
    if judgement.conditions.lets_pass(rule, location.path, location.commit, lambda kind: first if kind == "line" else candidate.value):
        return FindingStatus.ALLOWED
    if (rule, fingerprint) in judgement.baseline or (judgement.known and judgement.known.means(location, candidate.value)):
        return FindingStatus.BASELINE
    return FindingStatus.NEW


def preview(candidate: Candidate) -> str:
    """Return the public prefix, which the rule itself names, and the length."""
    low = candidate.value.lower()
    public = max((len(word) for word in candidate.rule.keywords if low.startswith(word.encode("utf-8"))), default=0)
    prefix = candidate.value[:public].decode("ascii", "replace") if public * 2 <= len(candidate.value) else ""
    return f"{prefix}... ({len(candidate.value)} characters)"
