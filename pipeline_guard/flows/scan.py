# SPDX-License-Identifier: Apache-2.0
"""The scan: rules, then every text of the source, then what it holds; commits are looked up at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.entry import Entry, Lost
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, ScanStats
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.sealed import StoreSearch
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Cache, Clock, Divisible, Fingerprint, Measured, Portion, Progress, Rulepacks, Source, Workers
from pipeline_guard.scan import baseline
from pipeline_guard.scan.allow import remarks
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.foreign import parse as foreign_baseline
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.stored import STORED

NOTES = 20  # remarks of one file that are told


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """``known`` is a baseline's content and name, ``foreign`` another scanner's; ``engine`` False stays with pure Python.

    ``limits`` bound what is unpacked.
    """

    known: tuple[bytes, str] | None = None
    foreign: tuple[bytes, str] | None = None
    foreign_markers: bool = False
    engine: bool = True
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class ScanDoors:
    """What a scan asks of the world."""

    source: Source
    rulepacks: Rulepacks
    cache: Cache
    clock: Clock
    fingerprint: Fingerprint
    progress: Progress
    workers: Workers
    store: StoreSearch | None = None  # where values of the store are looked for


def scan(request: ScanRequest, doors: ScanDoors) -> ScanReport:
    """Look at every text of the source. Raises NothingToDo where there is none, UsageError for rules or a baseline."""
    begun = doors.clock.now()
    rules = load(doors.rulepacks, doors.cache)
    known: frozenset[tuple[str, str]] = frozenset()
    if request.known:
        known = baseline.parse(*request.known, doors.fingerprint.key_id())
    detector = Detector(rules.rules, Prefilter(rules.rules, rules.digest, doors.cache, engine=request.engine))
    foreign = foreign_baseline(*request.foreign) if request.foreign else None
    judgement = Judgement(
        begun,
        doors.fingerprint.of,
        known,
        request.foreign_markers,
        request.limits,
        known=foreign,
        conditions=rules.conditions,
        stored=doors.store.find if doors.store else None,
    )
    allowable = frozenset(rule.id for rule in rules.rules) | {STORED}
    look = partial(_look, detector=detector, judgement=judgement, allowable=allowable)
    seen = _Seen()
    if doors.store:
        seen.notes += doors.store.notes
    for part in _parts(look, seen, detector, doors):
        seen.add(part)
        doors.progress.step("files", seen.files, part.total or None)
    doors.progress.close()
    # NOTE: commits that only delete files have been looked at all the same: their messages; so have the messages of tags
    if not (seen.files or seen.links or seen.bytes or seen.unchecked or doors.source.commits()):
        raise NothingToDo("there is no file to look at", "look at --exclude")
    if doors.store:
        seen.unchecked += doors.store.unchecked
    found = _attributed(seen, doors.source)
    if foreign is not None and request.foreign:
        met = sum(one.status is FindingStatus.BASELINE and (one.rule, one.fingerprint) not in known for one in found)
        seen.notes.append(f"{request.foreign[1]}: {len(foreign)} entries, {met} findings of this scan are known there")
    seconds = (doors.clock.now() - begun).total_seconds()
    return ScanReport(
        tuple(sorted(found, key=lambda one: (one.location.path, one.location.commit, one.location.byte_start, one.rule))),
        tuple(seen.unchecked),
        ScanStats(seen.files, seen.bytes, doors.source.commits(), max(seconds, 0.0), begun),
        tuple(dict.fromkeys(seen.notes)),
    )


@dataclass(slots=True)
class _Seen:
    """What was found in some texts; ``blobs`` has the blob of each finding. ``total`` is how many texts there are in all."""

    found: list[Finding] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    links: int = 0
    bytes: int = 0
    total: int = 0

    def add(self, other: _Seen) -> None:
        self.found += other.found
        self.blobs += other.blobs
        self.unchecked += other.unchecked
        self.notes += other.notes
        self.files, self.links, self.bytes = self.files + other.files, self.links + other.links, self.bytes + other.bytes


def _parts(look: Callable[[Portion], _Seen], seen: _Seen, detector: Detector, doors: ScanDoors) -> Iterator[_Seen]:
    """Look at everything; at portions, of which there are some only where there is much, with all workers."""
    source = doors.source
    if isinstance(source, Measured):
        detector.expect(source.size())
    items: Iterator[Entry | Unchecked | Portion] = source.portions() if isinstance(source, Divisible) else source.entries()

    def aside(item: Entry | Unchecked) -> None:
        seen.add(look(_Single(item)))

    for item in items:
        if isinstance(item, Entry | Unchecked):
            yield look(_Single(item))
            continue
        detector.expect(item.size)  # before the workers part: they share what is made ready now

        for part in doors.workers.each(look, _portions(item, items, aside)):
            yield _Seen(unchecked=[Unchecked(name, part.why) for name in part.names]) if isinstance(part, Lost) else part


def _portions(
    first: Portion, others: Iterator[Entry | Unchecked | Portion], aside: Callable[[Entry | Unchecked], None]
) -> Iterator[Portion]:
    yield first
    for item in others:
        if isinstance(item, Entry | Unchecked):
            aside(item)
        else:
            yield item


@dataclass(frozen=True, slots=True)
class _Single:
    """One text, or one that could not be read, as a portion."""

    item: Entry | Unchecked
    total: int = 0
    size: int = 0

    def names(self) -> tuple[str, ...]:
        return (self.item.path if isinstance(self.item, Entry) else self.item.what,)

    def read(self) -> Iterator[Entry | Unchecked]:
        yield self.item


def _look(portion: Portion, detector: Detector, judgement: Judgement, allowable: Collection[str]) -> _Seen:
    seen = _Seen(total=portion.total)
    for entry in portion.read():
        if isinstance(entry, Unchecked):
            seen.unchecked.append(entry)
            continue
        if entry.mode == "120000":  # where a link points to is no text of its own; the target counts under its name
            seen.links += 1
            continue
        own = entry.part.own if entry.part else (0, len(entry.data))
        seen.files += entry.mode != "" and (entry.part is None or entry.part.offset == 0)
        seen.bytes += own[1] - own[0]
        found, missed = findings(entry, detector, judgement)
        seen.found += found
        seen.unchecked += missed
        if entry.part is None:  # lines of a part are not those of the text, and nobody writes permissions in so large a one
            seen.notes += islice(remarks(entry.path, entry.data, allowable, judgement.now.date()), NOTES)
        seen.blobs += [entry.blob] * len(found)
    return seen


def _attributed(seen: _Seen, source: Source) -> list[Finding]:
    """Add the commits. A secret that stands in many versions of a file is one finding: the oldest."""
    wanted = {blob for blob, one in zip(seen.blobs, seen.found, strict=True) if blob and one.origin is None}
    origins = source.origins(wanted)
    age = {blob: number for number, blob in enumerate(origins)}  # in the order of the commits that brought them in
    result: list[Finding] = []
    first: dict[tuple[str, str, str], tuple[int, Finding]] = {}
    for finding, blob in zip(seen.found, seen.blobs, strict=True):
        origin = origins.get(blob)
        if origin is None or finding.origin is not None:
            result.append(finding)
            continue
        place = replace(finding.location, commit=origin.commit, path=origin.path or finding.location.path)
        same = (finding.rule, finding.fingerprint, place.path)
        if same not in first or age[blob] < first[same][0]:
            first[same] = age[blob], replace(finding, origin=replace(origin, path=""), location=place)
    return result + [finding for _, finding in first.values()]


def known_findings(report: ScanReport, fingerprint: Fingerprint, *, only_known: bool = False) -> bytes:
    """Return the report's findings as a baseline; ``only_known`` leaves out those that count as new."""
    chosen = [one for one in report.findings if not only_known or one.status is FindingStatus.BASELINE]
    return baseline.write(chosen, fingerprint.key_id())


def split_range(revisions: str) -> tuple[str, str]:
    """Return base and head of BASE..HEAD; raise UsageError for anything else."""
    base, dots, head = revisions.replace("...", "..").partition("..")
    if not dots or not base or base.startswith("-"):
        raise UsageError(f"not a range: {revisions[:100]!r}", "write BASE..HEAD, for example origin/main..HEAD")
    return base, head or "HEAD"
