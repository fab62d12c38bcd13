# SPDX-License-Identifier: Apache-2.0
"""Candidates of one stored file to findings: places in the file, fingerprints, and whether they count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Finding, FindingStatus
from pipeline_guard.model.location import Location
from pipeline_guard.model.sealed import Stored
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan.allow import MARK, faults, is_allowed
from pipeline_guard.scan.condition import Conditions
from pipeline_guard.scan.detect import Candidate, Detector
from pipeline_guard.scan.foreign import Known
from pipeline_guard.scan.proof import Proof, State
from pipeline_guard.scan.rule import Rule, compiled
from pipeline_guard.scan.text import Lines, fragments

STORED = "stored-secret"  # the rule id of values of the store


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
    allowable: Collection[str] = ()  # ids that a permission may name


def findings(entry: Entry, detector: Detector, judgement: Judgement) -> tuple[list[Finding], list[Unchecked]]:
    """Return what one file holds, in order of place, never the value; and what of it could not be read."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    lines: Lines | None = None
    for fragment in fragments(entry.path, entry.data):
        if isinstance(fragment, Unchecked):
            unchecked.append(fragment)
            continue
        for candidate in _kept(fragment.data, detector.detect(fragment.data, judgement.now, path=entry.path), entry, judgement):
            lines = lines or Lines(entry.data)
            found.append(
                _finding(entry, candidate, fragment.stored(candidate.start, candidate.end), fragment.decoded_from, lines, judgement)
            )
    return sorted(found, key=lambda one: (one.location.byte_start, one.rule)), unchecked


def notes(entry: Entry, judgement: Judgement) -> Iterator[str]:
    """Give what is to be told of a file's permissions: those that permit nothing."""
    if MARK in entry.data:
        lines = Lines(entry.data)
        for offset, why in faults(entry.data, judgement.allowable, judgement.now.date()):
            yield f"{entry.path}:{lines.place(offset)[0]}: this {MARK.decode()} permits nothing: {why}"


def _kept(text: bytes, candidates: list[Candidate], entry: Entry, judgement: Judgement) -> list[Candidate]:
    """Leave out what conditions of imported rules drop, and put stored values in the place of whatever overlaps them."""
    if judgement.conditions.rules:
        commit = entry.origin.commit if entry.origin else ""
        candidates = [
            one
            for one in candidates
            if judgement.conditions.keeps(one.rule.id, entry.path, commit, text.lower, lambda kind, one=one: _around(text, one, kind))  # type: ignore[misc]
        ]
    found = judgement.stored(text) if judgement.stored else ()
    if not found:
        return candidates
    exact = [stored_candidate(one, text) for one in found]
    rest = [one for one in candidates if not any(one.start < other.end and other.start < one.end for other in exact)]
    return sorted([*rest, *exact], key=lambda one: one.start)


def _around(text: bytes, candidate: Candidate, kind: str) -> bytes:
    """Return what an allowlist looks at: the secret, the match of the rule, or the line."""
    if kind == "secret":
        return candidate.value
    if kind == "match":
        for match in compiled(candidate.rule).finditer(text, max(candidate.start - 4096, 0), candidate.end + 4096):
            if match.start() <= candidate.start and candidate.end <= match.end():
                return match.group()
    start = text.rfind(b"\n", 0, candidate.start) + 1
    end = text.find(b"\n", candidate.end)
    return text[start : end if end >= 0 else len(text)]


def stored_candidate(found: Stored, text: bytes) -> Candidate:
    """Return a stored value that was found as a candidate: it is known to be a secret, whatever it looks like."""
    rule = Rule(
        id=STORED,
        title=f"The stored secret {found.name} (version {found.version})",
        severity="critical",
        pattern="",
        source="the secrets store",
        hint=f"issue a new value and pipeline-guard secrets put {found.name}; the old one is known to all who can read this",
        examples=(),
    )
    return Candidate(rule, found.start, found.end, text[found.start : found.end], Proof(State.VERIFIED))


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
    texts = {"secret": candidate.value}
    if judgement.conditions.lets_pass(rule, location.path, location.commit, lambda kind: texts.get(kind, first)):
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
