# SPDX-License-Identifier: Apache-2.0
"""Candidates of one stored file to findings: places in the file, fingerprints, and whether they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline_guard.model.entry import Entry, Part
from pipeline_guard.model.finding import Finding, FindingStatus
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.location import Location
from pipeline_guard.model.sealed import Stored
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan.allow import is_allowed
from pipeline_guard.scan.condition import Conditions, kept
from pipeline_guard.scan.detect import Candidate, Detector
from pipeline_guard.scan.foreign import Known
from pipeline_guard.scan.fragment import Page, Span
from pipeline_guard.scan.lines import Lines
from pipeline_guard.scan.proof import State
from pipeline_guard.scan.read import fragments
from pipeline_guard.scan.stored import with_stored

_MANY = 1000  # hits at one place, from where on only equal values are taken for one


@dataclass(frozen=True, slots=True)
class Judgement:
    """What decides whether a finding counts. ``fingerprint`` is a keyed function of (rule, value)."""

    now: datetime
    fingerprint: Callable[[str, bytes], str]
    baseline: frozenset[tuple[str, str]] = frozenset()
    foreign_markers: bool = False
    limits: Limits = field(default_factory=Limits)
    known: Known | None = None  # another scanner's list of known findings
    conditions: Conditions = field(default_factory=Conditions)
    stored: Callable[[bytes], Sequence[Stored]] | None = None  # finds values of the store


@dataclass(frozen=True, slots=True)
class _Hit:
    """A candidate at its place in a page; ``order`` is its fragment's."""

    candidate: Candidate
    span: Span
    decoded_from: str
    order: int

    @property
    def weight(self) -> tuple[bool, bool, bool, bool, int]:
        """Order hits for one place: proven, then specific, then without context, then as stored before decoded."""
        rule, state = self.candidate.rule, self.candidate.proof.state
        return state is not State.VERIFIED, rule.generic, bool(rule.near), state is State.CONTRADICTED, self.order


def findings(entry: Entry, detector: Detector, judgement: Judgement) -> tuple[list[Finding], list[Unchecked]]:
    """Return what one file holds, in order of place, never the value; and what of it could not be read."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    hits: list[_Hit] = []
    page: Page | None = None
    for order, fragment in enumerate(fragments(entry.path, entry.data, judgement.limits)):
        if isinstance(fragment, Unchecked):
            unchecked.append(fragment)
            continue
        if fragment.page is not page:  # a member is done with before the next one is unpacked
            found += _judged(entry, page, hits, judgement)
            hits, page = [], fragment.page
        for candidate in _candidates(fragment.data, entry, detector, judgement):
            span = fragment.stored(candidate.start, candidate.end)
            if span is not None:
                hits.append(_Hit(candidate, span, fragment.decoded_from, order))
    found += _judged(entry, page, hits, judgement)
    if entry.part:
        own = [entry.part.offset + place for place in entry.part.own]
        found = [one for one in found if own[0] <= one.location.byte_start < own[1]]
    return sorted(found, key=lambda one: (one.location.byte_start, one.location.line, one.location.column, one.rule)), unchecked


def _candidates(text: bytes, entry: Entry, detector: Detector, judgement: Judgement) -> list[Candidate]:
    candidates = detector.detect(text, judgement.now, path=entry.path)
    if judgement.conditions.rules:
        candidates = kept(text, candidates, entry, judgement.conditions)
    return with_stored(text, candidates, judgement.stored(text)) if judgement.stored else candidates


def _judged(entry: Entry, page: Page | None, hits: list[_Hit], judgement: Judgement) -> list[Finding]:
    if not hits:
        return []
    lines = Lines(entry.data if page is None else page.data)
    extent = page.extent if page is not None else None
    return [_finding(entry, hit, lines, extent, judgement) for hit in _once(hits)]


def _once(hits: list[_Hit]) -> Iterator[_Hit]:
    """Give every secret once, which may have been found as stored and decoded, or in two readings of one binary file."""
    first: dict[tuple[Span, bytes, str], _Hit] = {}
    for hit in hits:
        first.setdefault((hit.span, hit.candidate.value, hit.candidate.rule.id), hit)
    hits = sorted(first.values(), key=lambda hit: hit.span)
    group: list[_Hit] = []
    end = -1
    for hit in hits:
        if hit.span[0] >= end and group:
            yield from _chosen(group)
            group = []
        group.append(hit)
        end = max(end, hit.span[1])
    yield from _chosen(group)


def _chosen(group: list[_Hit]) -> Iterator[_Hit]:
    """Give the weightiest of the hits that mean the same secret, of hits that overlap."""
    if len({hit.order for hit in group}) == 1:
        yield from group
        return
    chosen: list[_Hit] = []
    values: set[bytes] = set()
    for hit in sorted(group, key=lambda one: one.weight):
        if len(group) > _MANY:
            if hit.candidate.value in values:
                continue
            values.add(hit.candidate.value)
        elif any(_same(hit, other) for other in chosen):
            continue
        chosen.append(hit)
    yield from sorted(chosen, key=lambda one: one.span)


def _same(hit: _Hit, other: _Hit) -> bool:
    """Tell whether two hits that may overlap are one secret: one is the other decoded, or their values are equal."""
    if hit.order == other.order or hit.span[0] >= other.span[1] or other.span[0] >= hit.span[1]:
        return False
    if hit.candidate.value == other.candidate.value:
        return True
    outer, inner = sorted((hit.decoded_from, other.decoded_from), key=len)
    return not outer or inner == outer or inner.startswith(f"{outer} > ")


def _finding(entry: Entry, hit: _Hit, lines: Lines, extent: Span | None, judgement: Judgement) -> Finding:
    candidate, rule = hit.candidate, hit.candidate.rule
    location = lines.location(entry.path, hit.span, entry.origin.commit if entry.origin else "")
    fingerprint = judgement.fingerprint(rule.id, candidate.value)
    told = _moved(location, entry.part) if entry.part else location
    status = _status(candidate, location, told, fingerprint, lines, judgement)
    if extent is not None:  # lines are the member's own, bytes those of its stored form
        begin = entry.part.offset if entry.part else 0
        told = replace(told, byte_start=begin + extent[0], byte_end=begin + extent[1])
    return Finding(
        rule=rule.id,
        title=rule.title,
        severity=candidate.severity,
        confidence=candidate.confidence,
        location=told,
        fingerprint=fingerprint,
        preview=preview(candidate),
        hint=f"{candidate.proof.note}; {rule.hint}" if candidate.proof.note else rule.hint,
        status=status,
        origin=entry.origin,
        decoded_from=hit.decoded_from,
    )


def _moved(location: Location, part: Part) -> Location:
    """Turn the place in a part into the place in the text; a member of an archive keeps lines of its own."""
    return replace(
        location,
        line=location.line + part.line,
        end_line=location.end_line + part.line,
        column=location.column + (part.column if location.line == 1 else 0),
        end_column=location.end_column + (part.column if location.end_line == 1 else 0),
        byte_start=location.byte_start + part.offset,
        byte_end=location.byte_end + part.offset,
    )


def _status(
    candidate: Candidate, location: Location, told: Location, fingerprint: str, lines: Lines, judgement: Judgement
) -> FindingStatus:
    rule, today = candidate.rule.id, judgement.now.date()
    first, last, above = lines.text(location.line), lines.text(location.end_line), lines.text(location.line - 1)
    if any(is_allowed(rule, line, above, today, fingerprint=fingerprint, foreign=judgement.foreign_markers) for line in (first, last)):
        return FindingStatus.ALLOWED
    # of a match only the value is known here, which may cover less than gitleaks would, never more
    if judgement.conditions.lets_pass(rule, told.path, told.commit, lambda kind: first if kind == "line" else candidate.value):
        return FindingStatus.ALLOWED
    if (rule, fingerprint) in judgement.baseline or (judgement.known and judgement.known.means(told, candidate.value)):
        return FindingStatus.BASELINE
    return FindingStatus.NEW


def preview(candidate: Candidate) -> str:
    """Return the public prefix, which the rule itself names, and the length."""
    low = candidate.value.lower()
    public = max((len(word) for word in candidate.rule.keywords if low.startswith(word.encode("utf-8"))), default=0)
    prefix = candidate.value[:public].decode("ascii", "replace") if public * 2 <= len(candidate.value) else ""
    return f"{prefix}... ({len(candidate.value)} characters)"
