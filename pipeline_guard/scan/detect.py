# SPDX-License-Identifier: Apache-2.0
"""Candidates in one text: rules confirmed with ``re`` around their keywords, the most specific one a place."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from pipeline_guard.model.finding import Confidence, Severity
from pipeline_guard.scan import dummy, filters, generic, named, proof
from pipeline_guard.scan.coarse import BLOCK
from pipeline_guard.scan.prefilter import Places, Prefilter
from pipeline_guard.scan.proof import Proof, State
from pipeline_guard.scan.proofs.outcome import MADE_UP
from pipeline_guard.scan.rule import Rule, compiled
from pipeline_guard.scan.words import WordIndex

_WORD = 64  # bytes of the longest keyword
_MARGIN = 256  # bytes on either side of a region that a lookahead may want to see
# Where a value without quotes is an expression: a name or a call, hardly ever a secret.
_CODE = re.compile(
    r"\.(?:pyi?|m?[jt]sx?|c?js|go|rs|java|kt|kts|scala|c|cc|cpp|cxx|h|hpp|cs|rb|php|swift|m|lua|pl|pm|r|dart|ex|exs|erl|clj|hs|vue|svelte)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value at ``start`` to ``end`` of a text, with the rule that found it and what its proof said."""

    rule: Rule
    start: int
    end: int
    value: bytes
    proof: Proof

    @property
    def severity(self) -> Severity:
        """The rule's severity, lowered by a proof that failed or that names a lesser kind."""
        if self.proof.state is State.CONTRADICTED:
            return Severity.INFO
        return self.proof.severity or Severity(self.rule.severity)

    @property
    def confidence(self) -> Confidence:
        """What the proof allows to say."""
        if self.proof.state is State.VERIFIED:
            return Confidence.VERIFIED
        if self.proof.state is State.CONTRADICTED:
            return Confidence.CONTRADICTED
        if self.rule.generic:
            return Confidence.LOW
        return Confidence.MEDIUM if self.rule.near else Confidence.HIGH


class Detector:
    """All rules over one text after the other."""

    def __init__(self, rules: Sequence[Rule], prefilter: Prefilter) -> None:
        self._rules = rules
        self._prefilter = prefilter
        self._without_words = [index for index, rule in enumerate(rules) if not rule.anchors]

    def expect(self, size: int) -> None:
        """Make ready for so many bytes."""
        self._prefilter.expect(size)

    def detect(self, text: bytes, now: datetime, *, path: str = "") -> list[Candidate]:
        """Return the candidates in order of their place; no two overlap."""
        if len(text) < 8:
            return []
        places = self._prefilter.candidates(text)
        if places is not None and not places:
            return []
        low = text.lower()
        found: list[Candidate] = []
        bare = not _CODE.search(path)
        for rule, ends, words in self._anywhere(low) if places is None else self._there(places):
            if rule.id.endswith("-bare") and not bare:
                continue
            for match in matches(rule, text, low, ends, words):
                candidate = examine(rule, match, now)
                if candidate:
                    found.append(candidate)
        return _without_overlaps(found)

    def _there(self, places: Places) -> Iterator[tuple[Rule, Sequence[int], Sequence[bytes]]]:
        """Give the rules that the engine saw, with where it did."""
        for index, ends in places.items():
            rule = self._rules[index]
            yield rule, ends, _words(rule)

    def _anywhere(self, low: bytes) -> Iterator[tuple[Rule, Sequence[int], Sequence[bytes]]]:
        """Give the rules that have a word in the text, with those that are in it, and the rules without words."""
        for index, words in self._index.rules(low).items():
            yield self._rules[index], (), words
        for index in self._without_words:
            yield self._rules[index], (), ()

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex((index, _words(rule)) for index, rule in enumerate(self._rules))


def matches(
    rule: Rule, text: bytes, low: bytes, ends: Sequence[int] = (), words: Sequence[bytes] | None = None
) -> Iterator[re.Match[bytes]]:
    """Give a rule's matches that hold one of its keywords; every match lies in a region around a keyword.

    Those of a rule with ``near`` begin behind the word, which changes nothing for the value.
    ``ends`` are first and last places, in pairs, in or right behind all matches; without them the whole text is looked at.
    ``words`` are those of the rule's that may be in the text; without them, all.
    """
    words = _words(rule) if words is None else words
    areas: Iterable[tuple[int, int]] = [(0, len(text))]
    zones: Sequence[tuple[int, int]] = ()
    if ends and rule.lines:
        before = max(_WORD, rule.reach if rule.reach <= BLOCK else 0)
        zones = _merged((max(first - before, 0), last) for first, last in sorted(zip(ends[::2], ends[1::2], strict=True)))
        if not rule.anchors:
            reach = rule.reach + _MARGIN
            areas = _merged((max(first - reach, 0), min(last + reach, len(text))) for first, last in zones)
    elif ends:
        for first, last in _lines(text, ends):
            whole = last - first <= rule.reach  # then the line is the region of each place in it
            yield from _in_line(rule, text, low, words, first, last) if whole else _in_area(rule, text, low, words, (first, last), zones)
        return
    for area in areas:
        yield from _in_area(rule, text, low, words, area, zones)


def _in_line(rule: Rule, text: bytes, low: bytes, words: Sequence[bytes], first: int, last: int) -> Iterator[re.Match[bytes]]:
    """Give the matches in a line that is no longer than the rule reaches."""
    if _is_named(rule):
        yield from named.behind(rule, text, low, named.places(words, low, ((first, last),)), last)
    elif not words or _holds(low, words, first, last):
        yield from compiled(rule).finditer(text, first, last)


def _holds(low: bytes, words: Sequence[bytes], first: int, last: int) -> bool:
    for word in words:  # noqa: SIM110 half a million times a scan: a loop takes a third of what any() does
        if low.find(word, first, last) >= 0:
            return True
    return False


def _in_area(
    rule: Rule, text: bytes, low: bytes, words: Sequence[bytes], area: tuple[int, int], zones: Sequence[tuple[int, int]]
) -> Iterator[re.Match[bytes]]:
    """Give the matches around the words in a part of the text, which must lie in ``zones`` where there are any."""
    places = named.places(words, low, zones or [area], every=_is_named(rule))
    if words and not places:
        return
    for start, end in _regions(rule, text, *area, places):
        found = _behind(rule, text, low, places, start, end) if _is_named(rule) else compiled(rule).finditer(text, start, end)
        for match in found:
            # NOTE: near the end of a region that is not the text's, a lookahead cannot see what follows
            if end < len(text) and match.end() > end - _MARGIN and not (not rule.lines and text[end : end + 1] == b"\n"):
                continue
            yield match


def _is_named(rule: Rule) -> bool:
    """Tell whether the places of a rule's words are those where its matches begin."""
    return bool(rule.near) and not rule.keywords


def _behind(rule: Rule, text: bytes, low: bytes, places: Sequence[int], start: int, end: int) -> Iterator[re.Match[bytes]]:
    return named.behind(rule, text, low, places[bisect_left(places, start) : bisect_left(places, end)], end)


def _merged(zones: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put zones together that overlap; they come in order."""
    found: list[tuple[int, int]] = []
    for first, last in zones:
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _lines(text: bytes, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the whole lines around the places, ascending, each once."""
    floor = 0  # where the line after the last one begins
    for first, last in sorted(zip(ends[::2], ends[1::2], strict=True)):
        if last <= floor:
            continue
        start = text.rfind(b"\n", floor, max(first - 1, floor)) + 1 or floor
        stop = text.find(b"\n", last - 1)
        stop = len(text) if stop < 0 else stop
        yield start, stop
        floor = stop + 1


def _regions(rule: Rule, text: bytes, begin: int, stop: int, places: Sequence[int]) -> list[tuple[int, int]]:
    """Return where to look in a part of the text, merged and ascending: ``reach`` bytes around each keyword, within its line."""
    if not rule.anchors:
        return [(begin, stop)]
    regions: list[tuple[int, int]] = []
    reach = rule.reach + _MARGIN
    back = _WORD if rule.near else reach  # a match begins with such a word, though perhaps with a longer one
    start = end = -1
    for place in places:
        if place + rule.reach < end or (place < end and not rule.lines and text[end : end + 1] == b"\n"):
            continue  # this region holds it already
        first, last = max(place - back, begin), min(place + reach, stop)
        if not rule.lines:
            first = max(first, text.rfind(b"\n", first, place) + 1)
            newline = text.find(b"\n", place, last)
            last = newline if newline >= 0 else last
        if start >= 0 and first <= end:
            end = max(end, last)
            continue
        if start >= 0:
            regions.append((start, end))
        start, end = first, last
    regions.append((start, end))
    return regions


@lru_cache(maxsize=4096)
def _words(rule: Rule) -> tuple[bytes, ...]:
    """Return the words to look for: those that begin a match, or keywords without those that contain another one."""
    words = tuple(dict.fromkeys(word.encode("utf-8") for word in rule.anchors))
    if _is_named(rule):
        return words
    return tuple(word for word in words if not any(other != word and other in word for other in words))


def examine(rule: Rule, match: re.Match[bytes], now: datetime) -> Candidate | None:
    """Turn a match into a candidate, or None where its value is none."""
    start, end = match.span(rule.value_group)
    if start < 0 or start == end:
        return None
    value = match.group(rule.value_group)
    if rule.keywords and not any(word in match.group().lower() for word in _words(rule)):
        return None
    is_block = rule.lines and len(value) > _WORD  # a key over several lines, in which a mark may stand by chance
    if not is_block and (filters.is_placeholder(value) if rule.generic else filters.is_marked(value)):
        return None
    if not is_block and filters.goes_on(match.string, end):
        return None
    severity = generic.judge(rule, match, value) if rule.generic else None
    if rule.generic and severity is None:
        return None
    made_up = not rule.generic and not rule.lines and dummy.is_made_up(value)
    if not made_up and not _is_likely(rule, value):
        return None
    if made_up and dummy.is_one_letter(value):
        return None
    proven = proof.judge(rule.proof, match.string, (start, end), now) if rule.proof else Proof(State.NO_TEST, severity)
    if made_up and proven.state is State.NO_TEST:
        proven = MADE_UP
    return None if proven.state is State.NO_SECRET else Candidate(rule, start, end, value, proven)


def _is_likely(rule: Rule, value: bytes) -> bool:
    """Tell whether a value has the randomness its rule asks for, and is no name or word where a vendor's word is all there is."""
    if rule.entropy and filters.entropy(value) < rule.entropy:
        return False
    if not rule.lines and not rule.generic and filters.is_placeholder(value):
        return False
    # a broad shape after a vendor's word: names and words are likelier
    return not (rule.near and rule.entropy and (filters.is_name(value) or not re.search(rb"\d", value)))


def _weight(candidate: Candidate) -> tuple[object, ...]:
    """Order candidates for one place: proven, then specific, then with context, then longer."""
    return (
        candidate.proof.state is not State.VERIFIED,
        candidate.rule.generic,
        candidate.rule.kind == "named",
        candidate.proof.state is State.CONTRADICTED,
        bool(candidate.rule.near),
        candidate.start - candidate.end,
        candidate.start,
        candidate.rule.id,
    )


def _without_overlaps(found: list[Candidate]) -> list[Candidate]:
    """Keep the weightiest candidate of every place. Candidates are few or alike; a sweep keeps it near linear."""
    if len(found) < 2:
        return found
    groups: list[list[Candidate]] = []
    end = -1
    for candidate in sorted(found, key=lambda one: (one.start, one.end)):
        if candidate.start >= end:
            groups.append([])
        groups[-1].append(candidate)
        end = max(end, candidate.end)
    kept: list[Candidate] = []
    for group in groups:
        chosen: list[Candidate] = []  # by place, so that only the neighbours of a new one can be in its way
        for candidate in sorted(group, key=_weight):
            at = bisect_left(chosen, candidate.start, key=lambda one: one.start)
            if (at and chosen[at - 1].end > candidate.start) or (at < len(chosen) and chosen[at].start < candidate.end):
                continue
            chosen.insert(at, candidate)
        kept += chosen
    return kept
