# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline_guard.audit.summary import summarize
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord

BEGIN = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
Step = tuple[timedelta, str, str, str]


def log(*steps: Step) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for number, (after, actor, thing, outcome) in enumerate(steps, 1):
        event = AuditEvent(BEGIN + after, actor, "secret.lease", thing, outcome)
        records.append(AuditRecord.linked(number, records[-1].hash if records else FIRST, event))
    return records


def unusual(records: list[AuditRecord], now: datetime | None = None) -> list[str]:
    return [each.what for each in summarize(records, now or records[-1].event.time, []).unusual]


def test_uses_are_counted_for_each_actor_and_object() -> None:
    hour = timedelta(hours=1)
    found = summarize(
        log((hour, "a", "db", "granted"), (2 * hour, "a", "db", "denied"), (3 * hour, "b", "db", "granted")), BEGIN + 3 * hour, []
    )
    assert [(use.actor, use.times, use.denied) for use in found.uses] == [("a", 2, 1), ("b", 1, 0)]
    assert found.by_action == (("secret.lease", "denied", 1), ("secret.lease", "granted", 2))
    assert found.unusual == ()


def test_denials_in_a_row_are_unusual_and_single_ones_are_not() -> None:
    minute = timedelta(minutes=1)
    assert unusual(log(*[(n * minute, "eve", "db", "denied") for n in range(3)])) == ["eve was denied 3 times in a row, last for db"]
    mixed = [(n * minute, "ada", "db", "denied" if n % 3 else "granted") for n in range(9)]
    assert unusual(log(*mixed)) == []


def test_a_first_use_is_unusual_once_the_log_is_a_week_old() -> None:
    day = timedelta(days=1)
    steps = [
        (0 * day, "ada", "db", "granted"),
        (1 * day, "bob", "db", "granted"),
        (8 * day, "ada", "db", "granted"),
        (8 * day, "eve", "db", "granted"),
    ]
    assert unusual(log(*steps)) == ["eve used db for the first time"]


def test_a_burst_is_unusual_where_quiet_is_usual() -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    quiet = [(n * hour, "ada", "db", "granted") for n in range(10)]
    assert unusual(log(*quiet, *[(10 * hour + n * second, "ada", "db", "granted") for n in range(40)])) == [
        "ada used db 40 times within a minute"
    ]
    busy = [(n * hour + s * second, "ada", "db", "granted") for n in range(5) for s in range(40)]
    assert unusual(log(*busy)) == []


def test_an_hour_that_is_new_for_somebody_of_long_standing_is_unusual() -> None:
    day = timedelta(days=1)
    steady = [(n * day, "ada", "db", "granted") for n in range(15)]
    assert unusual(log(*steady, (15 * day + timedelta(hours=-6), "ada", "db", "granted"))) == ["ada acted at 03h UTC, which is new"]


def test_a_clock_that_was_set_back_or_is_behind_shows() -> None:
    hour = timedelta(hours=1)
    assert unusual(log((2 * hour, "a", "db", "granted"), (hour, "a", "db", "granted")), BEGIN + 3 * hour) == [
        "the clock went back by 1:00:00"
    ]
    assert unusual(log((2 * hour, "a", "db", "granted")), BEGIN) == ["the log is ahead of the clock: one of them was set wrong"]
