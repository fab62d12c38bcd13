# SPDX-License-Identifier: Apache-2.0
"""Who used what, and what of it is unusual: denials in a row, somebody's first use of something, a burst, an odd hour, a clock set back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pipeline_guard.model.event import AuditRecord
from pipeline_guard.model.summary import DueKey, Summary, Unusual, Use

_LEARNING = timedelta(days=7)  # before that everything is a first
_BURST = 20  # uses of one object by one actor in a minute, and ten times the usual
_DENIALS = 3
_HOURS = 24
_MOST = 50


def summarize(records: Sequence[AuditRecord], now: datetime, due: Sequence[DueKey]) -> Summary:
    """Sum up a verified log that has at least one record."""
    actions = Counter((record.event.action, record.event.outcome) for record in records)
    found = [*_denials(records), *_firsts(records), *_bursts(records), *_odd_hours(records), *_clock(records, now)]
    return Summary(
        records=len(records),
        first=records[0].event.time,
        last=records[-1].event.time,
        by_action=tuple((action, outcome, count) for (action, outcome), count in sorted(actions.items())),
        uses=tuple(_uses(records)),
        unusual=tuple(sorted(found, key=lambda each: each.seq, reverse=True)[:_MOST]),
        due=tuple(due),
    )


def _uses(records: Sequence[AuditRecord]) -> list[Use]:
    grouped: dict[tuple[str, str, str], list[AuditRecord]] = defaultdict(list)
    for record in records:
        grouped[record.event.actor, record.event.action, record.event.object].append(record)
    uses = [
        Use(
            actor=actor,
            action=action,
            object=thing,
            times=len(group),
            denied=sum(record.event.outcome == "denied" for record in group),
            first=min(record.event.time for record in group),
            last=max(record.event.time for record in group),
        )
        for (actor, action, thing), group in grouped.items()
    ]
    return sorted(uses, key=lambda use: (-use.times, use.actor, use.action, use.object))


def _denials(records: Iterable[AuditRecord]) -> list[Unusual]:
    streak: Counter[str] = Counter()
    found = []
    for record in records:
        actor = record.event.actor
        streak[actor] = streak[actor] + 1 if record.event.outcome == "denied" else 0
        if streak[actor] == _DENIALS:
            found.append(
                Unusual(f"{actor} was denied {_DENIALS} times in a row, last for {record.event.object}", record.seq, record.event.time)
            )
    return found


def _firsts(records: Sequence[AuditRecord]) -> list[Unusual]:
    known: set[tuple[str, str]] = set()
    found = []
    begun = records[0].event.time + _LEARNING
    for record in records:
        event = record.event
        pair = (event.actor, event.object)
        if event.action == "secret.lease" and pair not in known and event.time > begun:
            found.append(Unusual(f"{event.actor} used {event.object} for the first time", record.seq, event.time))
        known.add(pair)
    return found


def _bursts(records: Iterable[AuditRecord]) -> list[Unusual]:
    minutes: dict[tuple[str, str], Counter[datetime]] = defaultdict(Counter)
    last: dict[tuple[str, str, datetime], AuditRecord] = {}
    for record in records:
        event = record.event
        minute = event.time.replace(second=0, microsecond=0)
        minutes[event.actor, event.object][minute] += 1
        last[event.actor, event.object, minute] = record
    found = []
    for (actor, thing), counts in minutes.items():
        ordered = sorted(counts.values())
        usual = ordered[(len(ordered) - 1) // 2]
        for minute, count in counts.items():
            if count >= _BURST and len(counts) > 1 and count >= 10 * usual:
                record = last[actor, thing, minute]
                found.append(Unusual(f"{actor} used {thing} {count} times within a minute", record.seq, record.event.time))
    return found


def _odd_hours(records: Sequence[AuditRecord]) -> list[Unusual]:
    """Find uses in an hour of the day in which an actor of long standing never acted before."""
    hours: dict[str, set[int]] = defaultdict(set)
    days: dict[str, set[object]] = defaultdict(set)
    found = []
    for record in records:
        event = record.event
        hour = event.time.hour
        near = {(hour + shift) % _HOURS for shift in (-1, 0, 1)}
        if len(days[event.actor]) >= 14 and not near & hours[event.actor]:
            found.append(Unusual(f"{event.actor} acted at {hour:02d}h UTC, which is new", record.seq, event.time))
        hours[event.actor].add(hour)
        days[event.actor].add(event.time.date())
    return found


def _clock(records: Sequence[AuditRecord], now: datetime) -> list[Unusual]:
    found = []
    latest = records[0].event.time
    for record in records:
        time = record.event.time
        if time < latest - timedelta(minutes=5):
            found.append(Unusual(f"the clock went back by {latest - time}", record.seq, time))
        latest = max(latest, time)
    if latest > now + timedelta(minutes=5):
        found.append(Unusual("the log is ahead of the clock: one of them was set wrong", records[-1].seq, latest))
    return found
