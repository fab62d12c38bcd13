# SPDX-License-Identifier: Apache-2.0
"""The scan: rules, then every text of the source, then what it holds; commits are looked up at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from pipeline_guard.errors import UsageError
from pipeline_guard.model.finding import Finding, FindingStatus, Origin, ScanReport, ScanStats
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.sealed import StoreSearch
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Cache, Clock, Fingerprint, Progress, Rulepacks, Source
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
    told: list[str] = list(doors.store.notes) if doors.store else []
    found: list[Finding] = []
    blobs: list[str] = []  # the blob of each finding
    unchecked: list[Unchecked] = list(doors.store.unchecked) if doors.store else []
    files = size = 0
    for entry in doors.source.entries():
        if isinstance(entry, Unchecked):
            unchecked.append(entry)
            continue
        if entry.mode == "120000":  # where a link points to is no text of its own; the target counts under its name
            continue
        files, size = files + 1, size + len(entry.data)
        here, missed = findings(entry, detector, judgement)
        found += here
        unchecked += missed
        told += islice(remarks(entry.path, entry.data, allowable, begun.date()), NOTES)
        blobs += [entry.blob] * len(here)
        doors.progress.step("files", files)
    doors.progress.close()
    origins = doors.source.origins({blob for blob, one in zip(blobs, found, strict=True) if blob and one.origin is None})
    found = [_attributed(one, blob, origins) for one, blob in zip(found, blobs, strict=True)]
    if foreign is not None and request.foreign:
        met = sum(one.status is FindingStatus.BASELINE and (one.rule, one.fingerprint) not in known for one in found)
        told.append(f"{request.foreign[1]}: {len(foreign)} entries, {met} findings of this scan are known there")
    seconds = (doors.clock.now() - begun).total_seconds()
    return ScanReport(
        tuple(sorted(found, key=lambda one: (one.location.path, one.location.commit, one.location.byte_start, one.rule))),
        tuple(unchecked),
        ScanStats(files, size, doors.source.commits(), max(seconds, 0.0), begun),
        tuple(dict.fromkeys(told)),
    )


def _attributed(finding: Finding, blob: str, origins: Mapping[str, Origin]) -> Finding:
    origin = origins.get(blob)
    if origin is None or finding.origin is not None:
        return finding
    return replace(finding, origin=origin, location=replace(finding.location, commit=origin.commit))


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
