# SPDX-License-Identifier: Apache-2.0
"""Cryptoperiods: which version protects, what is due when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline_guard.keys.period import NOTICE, Due, current, next_due, to_rotate, with_period
from pipeline_guard.model.key import KeyRecord, KeyRef, KeyState, KeyType, KeyUsage

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def version(number: int, state: KeyState = KeyState.ACTIVE, name: str = "k") -> KeyRecord:
    ref = KeyRef(name, number, KeyType.AES_256, KeyUsage.WRAP, f"{number:02x}")
    return with_period(KeyRecord(ref, state, NOW, "serial"), NOW, 100 * DAY, 10 * DAY)


def test_period_sets_begin_end_and_grace() -> None:
    record = version(1)
    assert (record.activates, record.expires, record.stops) == (NOW, NOW + 100 * DAY, NOW + 110 * DAY)


def test_newest_active_version_protects() -> None:
    versions = [version(2), version(1, KeyState.DEACTIVATED), replace(version(3, KeyState.PRE_ACTIVATION), activates=NOW + DAY)]
    assert current(versions, NOW) == versions[0]
    assert current(versions, NOW + 2 * DAY) == versions[2]
    assert current([version(1, KeyState.SUSPENDED), version(2, KeyState.COMPROMISED)], NOW) == version(2, KeyState.COMPROMISED)
    assert current([], NOW) is None


def test_next_thing_to_do_by_state_and_date() -> None:
    assert next_due(version(1), NOW) == Due("rotate", NOW + 100 * DAY, overdue=False)
    assert next_due(version(1), NOW + 101 * DAY) == Due("rotate", NOW + 100 * DAY, overdue=True)
    assert next_due(version(1), NOW + 111 * DAY) is None
    waiting = replace(version(1, KeyState.PRE_ACTIVATION), activates=NOW + DAY)
    assert next_due(waiting, NOW) == Due("activate", NOW + DAY, overdue=False)
    doomed = replace(version(1, KeyState.DEACTIVATED), destroys=NOW + 7 * DAY)
    assert next_due(doomed, NOW) == Due("destroy", NOW + 7 * DAY, overdue=False)
    lost = replace(version(1, KeyState.COMPROMISED), compromised=NOW - DAY)
    assert next_due(lost, NOW) == Due("rewrap", NOW - DAY, overdue=True)


def test_keys_near_their_end_are_due_and_a_waiting_successor_stops_that() -> None:
    end = NOW + 100 * DAY - NOTICE
    assert to_rotate([version(1)], end - DAY) == []
    assert to_rotate([version(1), version(1, name="b")], end) == [version(1, name="b"), version(1)]
    successor = replace(version(2, KeyState.PRE_ACTIVATION), activates=end + DAY)
    assert to_rotate([version(1), successor], end) == []
