# SPDX-License-Identifier: Apache-2.0
"""Advisories: published archives -> database -> manifest -> signature; and the way back, where everything is checked again."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline_guard.errors import IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows.payloads import BUNDLE_SUFFIX
from pipeline_guard.flows.sign import SignDoors, SignRequest, sign
from pipeline_guard.flows.verify import VerifyDoors
from pipeline_guard.gate.osv import ecosystem_of, parse, to_row
from pipeline_guard.model.advisory import SnapshotFacts
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import AdvisoryDraft, AdvisoryFeed, AdvisoryPress, Clock, Files, Progress, Tree
from pipeline_guard.sign.bundle import MAX_BUNDLE
from pipeline_guard.sign.statement import BLOB
from pipeline_guard.sign.verify import verify_by

SCHEMA = "pipeline-guard/advisories/v1"
MANIFEST_SUFFIX = ".json"
_LIMIT = 1024 * 1024  # bytes of a manifest
_EARLY = timedelta(days=1)  # a snapshot's date may lie so far ahead of our clock
_BROKEN = 0.01  # share of unreadable records above which an archive is not believed


@dataclass(frozen=True, slots=True)
class AdvisoryDoors:
    """What making a database needs of the world."""

    feed: AdvisoryFeed
    press: AdvisoryPress
    files: Files
    tree: Tree
    clock: Clock
    progress: Progress
    sign: Callable[[], SignDoors]


@dataclass(frozen=True, slots=True)
class Built:
    """A database that was made, and the records that could not be read."""

    facts: SnapshotFacts
    unchecked: tuple[Unchecked, ...]
    signed: bool


def build(path: str, source: str, key: str, actor: str, *, doors: AdvisoryDoors) -> Built:
    """Make a database of every archive of the feed, then its manifest, signed where there is a ``key``."""
    with doors.press.draft(path, keep=False) as draft:
        unchecked = [item for ecosystem in _ecosystems(doors.feed) for item in _take_archive(ecosystem, draft, doors)]
        counts, newest = draft.counts(), draft.newest()
        _believe(unchecked, sum(counts.values()))
    return _finish(path, source, key, actor, counts, newest, unchecked, doors)


def update(path: str, source: str, key: str, actor: str, *, doors: AdvisoryDoors) -> Built:
    """Bring a database up to date by the feed's list of changes; whoever signs it answers for what it held before."""
    if doors.files.kind(path) == "missing":
        raise UsageError(f"{path}: no such database", "pipeline-guard advisories build makes it")
    with doors.press.draft(path, keep=True) as draft:
        before = draft.newest()
        unchecked: list[Unchecked] = []
        for ecosystem in _ecosystems(doors.feed):
            if ecosystem not in before:
                unchecked += _take_archive(ecosystem, draft, doors)
            else:
                unchecked += _take_changes(ecosystem, before[ecosystem], draft, doors)
        counts, newest = draft.counts(), draft.newest()
        _believe(unchecked, sum(counts.values()))
    return _finish(path, source, key, actor, counts, newest, unchecked, doors)


def open_snapshot(path: str, key: KeyTimeline | None, oldest: timedelta, now: datetime, *, doors: VerifyDoors) -> SnapshotFacts:
    """Return what the manifest says, once it is known to be about this file and not too old.

    Without ``key`` no signature is asked for. Raises Unavailable for what is missing or stale, IntegrityError for what does not hold.
    """
    manifest = path + MANIFEST_SUFFIX
    for needed in (path, manifest):
        if doors.files.kind(needed) == "missing":
            raise Unavailable(f"{needed}: no such file", "pipeline-guard advisories build makes it")
    content = doors.files.read(manifest, _LIMIT)
    if key:
        _check_signature(content, manifest, key, now, doors.files)
    facts = _read(content, manifest)
    folder, name = posixpath.split(path)
    if doors.tree.digest(folder, name, "sha256") != facts.sha256:
        raise IntegrityError(f"{path}: not the database that its manifest is about", "build it again; it may be damaged")
    if facts.date > now + _EARLY:
        raise Unavailable(f"{path}: dated {facts.date:%Y-%m-%d}, which is yet to come", "check the clock of this machine")
    if now - facts.date > oldest:
        raise Unavailable(f"{path}: as of {facts.date:%Y-%m-%d}, older than {oldest.days} days", "pipeline-guard advisories update")
    return facts


def _check_signature(content: bytes, manifest: str, key: KeyTimeline, now: datetime, files: Files) -> None:
    bundle = manifest + BUNDLE_SUFFIX
    if files.kind(bundle) == "missing":
        raise IntegrityError(f"{manifest}: nobody has signed it", "pipeline-guard advisories build --key NAME does")
    statement = verify_by(files.read(bundle, MAX_BUNDLE), [key], now, bundle)
    if statement.predicate_type != BLOB or Digest.sha256(content) not in [subject.digest for subject in statement.subjects]:
        raise IntegrityError(f"{manifest}: not what was signed", "build the database again")


def info(path: str, *, doors: VerifyDoors) -> SnapshotFacts:
    """Return what a manifest says."""
    if doors.files.kind(path + MANIFEST_SUFFIX) == "missing":
        raise NothingToDo(f"{path}{MANIFEST_SUFFIX}: no such file", "pipeline-guard advisories build makes it")
    return _read(doors.files.read(path + MANIFEST_SUFFIX, _LIMIT), path + MANIFEST_SUFFIX)


def manifest_document(facts: SnapshotFacts) -> dict[str, object]:
    """Return a manifest as it is written."""
    return {
        "schema": SCHEMA,
        "source": facts.source,
        "etag": facts.etag,
        "date": facts.date.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sha256": facts.sha256,
        "records": dict(facts.records),
    }


def _ecosystems(feed: AdvisoryFeed) -> Sequence[str]:
    names = [name for name in feed.ecosystems() if ecosystem_of(name) and ":" not in name]
    if not names:
        raise NothingToDo("there is no archive of an ecosystem that locks are checked for", "PyPI, npm, Go and the like")
    return names


def _take_archive(ecosystem: str, draft: AdvisoryDraft, doors: AdvisoryDoors) -> list[Unchecked]:
    unchecked = []
    for number, item in enumerate(doors.feed.archive(ecosystem), start=1):
        doors.progress.step(ecosystem, number)
        if isinstance(item, Unchecked):
            unchecked.append(item)
            continue
        unchecked += _take(ecosystem, item[0], item[1], draft)
    doors.progress.close()
    return unchecked


def _take_changes(ecosystem: str, since: str, draft: AdvisoryDraft, doors: AdvisoryDoors) -> list[Unchecked]:
    """Take every record that changed since; those of the very last moment again, because more may share it."""
    unchecked: list[Unchecked] = []
    for time, identifier in doors.feed.changes(ecosystem):
        if _moment(time, "modified_id.csv") < _moment(since, "the database"):
            break
        unchecked += _take(ecosystem, identifier, doors.feed.record(ecosystem, identifier), draft)
    return unchecked


def _take(ecosystem: str, name: str, content: bytes, draft: AdvisoryDraft) -> list[Unchecked]:
    try:
        identifier, modified, advisories = parse(content, name)
        _moment(modified, name)
    except UsageError as error:
        return [Unchecked(name, error.what)]
    draft.put(ecosystem, identifier, modified, [to_row(advisory) for advisory in advisories if advisory.ecosystem.value == ecosystem])
    return []


def _believe(unchecked: Sequence[Unchecked], records: int) -> None:
    if not records:
        raise UsageError("the archives hold no record", "fetch them again")
    if len(unchecked) > _BROKEN * records:
        raise UsageError(f"{len(unchecked)} of {records} records cannot be read: {unchecked[0].why}", "fetch the archives again")


def _finish(
    path: str,
    source: str,
    key: str,
    actor: str,
    counts: dict[str, int],
    newest: dict[str, str],
    unchecked: Sequence[Unchecked],
    doors: AdvisoryDoors,
) -> Built:
    """Write the manifest and its signature. In between, a reader is told that the two do not belong together."""
    date = max(_moment(time, path) for time in newest.values())
    folder, name = posixpath.split(path)
    facts = SnapshotFacts(source, "", date, doors.tree.digest(folder, name, "sha256"), tuple(sorted(counts.items())))
    manifest = path + MANIFEST_SUFFIX
    doors.files.write(manifest, (json.dumps(manifest_document(facts), indent=2) + "\n").encode("ascii"))
    if key:
        sign(SignRequest((manifest,), "blob", key, "", actor), doors=doors.sign())
    return Built(facts, tuple(unchecked), bool(key))


def _read(content: bytes, name: str) -> SnapshotFacts:
    document = parse_json(content, name)
    try:
        if document["schema"] != SCHEMA:
            raise UsageError(f"{name}: not a manifest of advisories that is known", "build the database with this version")
        records = tuple((str(ecosystem), int(count)) for ecosystem, count in document["records"].items())
        return SnapshotFacts(
            str(document["source"]), str(document["etag"]), _moment(document["date"], name), str(document["sha256"]), records
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{name}: not a manifest of advisories", "pipeline-guard advisories build makes it") from None


def _moment(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name}: not a time: {text[:40]!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
