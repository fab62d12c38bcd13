# SPDX-License-Identifier: Apache-2.0
"""One page over everything: results -> store -> verified log -> numbers. It decides nothing and opens no secret."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pipeline_guard.audit.summary import summarize
from pipeline_guard.errors import NothingToDo
from pipeline_guard.flows.key_report import due_keys, next_word, state_word
from pipeline_guard.flows.results import Result
from pipeline_guard.keys.lifecycle import settled
from pipeline_guard.keys.period import NOTICE, next_due
from pipeline_guard.model.event import AuditRecord
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.key import KeyRecord
from pipeline_guard.model.overview import Answer, Course, KeyLine, OpenLease, Overview, ResultFile, Signature, Tally
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict
from pipeline_guard.ports import KeyRegister, LeaseBook

SEVERITIES = tuple(Severity)
LEASES = ("granted", "denied")
AGES = ((1, "under a day"), (7, "under a week"), (30, "under a month"), (90, "under 3 months"), (365, "under a year"))
OLD, UNKNOWN = "over a year", "not in a commit"
_STRETCHES = 60  # columns of a course at most
_SIGNERS = 8  # series of the signatures' course
_KEY = re.compile(r"key (?P<name>.{1,200}) version \d+\Z")


class Book(KeyRegister, LeaseBook, Protocol):
    """What is known of keys and leases."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store holds: its books, and the records of its log, verified."""

    book: Book
    records: Sequence[AuditRecord]


def overview(results: Sequence[tuple[str, Result]], kept: Kept | None, missing: Sequence[Unchecked], now: datetime) -> Overview:
    """Return the page's numbers; raise NothingToDo where there is neither a result nor a store."""
    if not results and kept is None:
        raise NothingToDo("there is nothing to report on: no results, and no store yet", "pipeline-guard report RESULT.json...")
    scans = [result for _, result in results if isinstance(result, ScanReport)]
    verdicts = [result for _, result in results if isinstance(result, Verdict)]
    signatures = tuple(each for _, result in results if isinstance(result, tuple) for each in result)
    found = _distinct(finding for scan in scans for finding in scan.findings if finding.status is FindingStatus.NEW)
    checks = [check for verdict in verdicts for check in verdict.checks]
    page = Overview(
        made=now,
        answer=_answer(scans, verdicts, signatures, found) if results else Answer.NONE,
        results=tuple(ResultFile(name, *_says(result)) for name, result in results),
        checks=tuple(check for check in _failed_first(checks) if check.status is not CheckStatus.PASS),
        passed=sum(check.status is CheckStatus.PASS for check in checks),
        findings=tuple(found),
        kinds=_kinds(found),
        ages=_ages(found, now),
        signatures=tuple(sorted(signatures, key=lambda each: (each.verified, each.subject))),
        unchecked=tuple(sorted({item for scan in scans for item in scan.unchecked})),
        missing=tuple(missing),
    )
    return page if kept is None else _with_store(page, kept, now)


def _with_store(page: Overview, kept: Kept, now: datetime) -> Overview:
    leases = sorted(kept.book.open_leases(now), key=lambda lease: (lease.expires, lease.secret))
    keys = [_key_line(settled(record, now), now) for record in kept.book.all_keys()]
    page = replace(
        page,
        keys=tuple(sorted(keys, key=lambda key: (not key.overdue, not key.due, key.name, key.version))),
        leases=tuple(OpenLease(lease.secret, lease.version, lease.holder, lease.issued, lease.expires) for lease in leases),
    )
    if not kept.records:
        return page
    return replace(
        page,
        summary=summarize(kept.records, now, due_keys(kept.book, now)),
        lease_course=_course([(record.event.time, name) for record in kept.records if (name := _lease_word(record))], LEASES),
        sign_course=_signing(kept.records),
    )


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Return each finding once, however many reports tell it, worst first."""
    once = {(finding.fingerprint, finding.location): finding for finding in findings}
    return sorted(once.values(), key=lambda finding: (-finding.severity.rank, finding.location, finding.rule))


def _failed_first(checks: Sequence[Check]) -> list[Check]:
    order = (CheckStatus.FAIL, CheckStatus.UNCHECKED, CheckStatus.WAIVED, CheckStatus.PASS)
    return sorted(checks, key=lambda check: order.index(check.status))


def _answer(scans: Sequence[ScanReport], verdicts: Sequence[Verdict], signatures: Sequence[Signature], found: Sequence[Finding]) -> Answer:
    """Return what all results come to. The threshold of a scan is not in its report: info alone is taken for clean, as by default."""
    refused = any(verdict.outcome is Outcome.BLOCK for verdict in verdicts) or not all(each.verified for each in signatures)
    if refused or any(finding.severity is not Severity.INFO for finding in found):
        return Answer.NO
    open_ = any(verdict.outcome is Outcome.INCOMPLETE for verdict in verdicts) or any(scan.unchecked for scan in scans)
    return Answer.INCOMPLETE if open_ else Answer.YES


def _says(result: Result) -> tuple[str, str]:
    """Return the kind of a result, and its gist."""
    if isinstance(result, ScanReport):
        new = sum(finding.status is FindingStatus.NEW for finding in result.findings)
        return "scan", f"{_many(new, 'finding')} in {_many(result.stats.files, 'file')}"
    if isinstance(result, Verdict):
        return "gate", f"{result.outcome.value}, {_many(len(result.checks), 'check')}"
    held = sum(each.verified for each in result)
    return "verify", f"{held} of {_many(len(result), 'subject')} verified"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _kinds(findings: Sequence[Finding]) -> tuple[Tally, ...]:
    counts: dict[str, Counter[Severity]] = defaultdict(Counter)
    for finding in findings:
        counts[finding.title or finding.rule][finding.severity] += 1
    tallies = [Tally(title, tuple(count[severity] for severity in SEVERITIES)) for title, count in counts.items()]
    return tuple(sorted(tallies, key=lambda tally: (-tally.total, tally.label)))


def _ages(findings: Sequence[Finding], now: datetime) -> tuple[Tally, ...]:
    """Count findings by the age of the commit that brought them in, the youngest first."""
    if not findings:
        return ()
    counts: dict[str, Counter[Severity]] = defaultdict(Counter)
    for finding in findings:
        counts[_age(finding, now)][finding.severity] += 1
    labels = [*(label for _, label in AGES), OLD, UNKNOWN]
    return tuple(Tally(label, tuple(counts[label][severity] for severity in SEVERITIES)) for label in labels)


def _age(finding: Finding, now: datetime) -> str:
    try:
        date = datetime.fromisoformat(finding.origin.date) if finding.origin else None
    except ValueError:
        date = None
    if date is None:
        return UNKNOWN
    days = (now - (date if date.tzinfo else date.replace(tzinfo=UTC))) / timedelta(days=1)
    return next((label for limit, label in AGES if days < limit), OLD)


def _key_line(record: KeyRecord, now: datetime) -> KeyLine:
    begun, due = record.activates or record.created, next_due(record, now)
    return KeyLine(
        name=record.ref.name,
        version=record.ref.version,
        type=record.ref.type.value,
        state=state_word(record),
        age_days=max((now - begun).days, 0),
        period_days=(record.expires - begun).days if record.expires else 0,
        next=next_word(record, now) if due else "",
        overdue=bool(due and due.overdue),
        due=bool(due and due.when - NOTICE <= now),
    )


def _lease_word(record: AuditRecord) -> str:
    """Return the series a record belongs to, "" where it asks for no lease."""
    if record.event.action != "secret.lease":
        return ""
    return "denied" if record.event.outcome == "denied" else "granted"


def _signing(records: Sequence[AuditRecord]) -> Course | None:
    """Return how many signatures each key made over time; keys beyond the busiest are one series."""
    made = [(record.event.time, _signer_of(record)) for record in records if record.event.action == "sign"]
    ranking = Counter(name for _, name in made).most_common()
    if len(ranking) <= _SIGNERS:
        return _course(made, tuple(sorted(name for name, _ in ranking)))
    kept = tuple(sorted(name for name, _ in ranking[: _SIGNERS - 1]))
    return _course([(time, name if name in kept else "other keys") for time, name in made], (*kept, "other keys"))


def _signer_of(record: AuditRecord) -> str:
    match = _KEY.match(record.event.why)
    return match["name"] if match else "unknown key"


def _course(events: Sequence[tuple[datetime, str]], series: tuple[str, ...]) -> Course | None:
    """Count events in stretches of whole days, at most ``_STRETCHES`` of them; None where there are none."""
    if not events:
        return None
    first = min(time for time, _ in events).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = (max(time for time, _ in events) - first).days + 1
    days = -(-span // _STRETCHES)
    counts: Counter[tuple[int, str]] = Counter(((time - first).days // days, name) for time, name in events)
    stretches = [
        Tally((first + timedelta(days=number * days)).date().isoformat(), tuple(counts[number, name] for name in series))
        for number in range(-(-span // days))
    ]
    return Course(first, days, series, tuple(stretches))
