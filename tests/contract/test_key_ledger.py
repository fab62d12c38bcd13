# SPDX-License-Identifier: Apache-2.0
"""What every register of keys does with their life, the one in memory and the real one alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.key import KeyChange, KeyCommand, KeyEvent, KeyIntent, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.sealed import SealedSecret

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def version(number: int, name: str = "k") -> KeyRecord:
    ref = KeyRef(name, number, KeyType.AES_256, KeyUsage.WRAP, f"{number:032x}")
    dates = {"activates": NOW, "expires": NOW + timedelta(days=9), "stops": NOW + timedelta(days=10)}
    return KeyRecord(ref, KeyState.ACTIVE, NOW, "serial", **dates)


def step(record: KeyRecord, command: KeyCommand, after: KeyRecord | None = None) -> KeyChange:
    changed = after or record
    before = None if command is KeyCommand.CREATE else record
    event = KeyEvent(
        record.ref.name, record.ref.version, NOW, command, before and before.state, changed.state, "user:ada", "why \u00e9", ("a", "b")
    )
    return KeyChange(before, changed, event)


def suspended(record: KeyRecord) -> KeyRecord:
    return replace(record, state=KeyState.SUSPENDED, destroys=NOW, erases=True, archived=NOW, compromised=NOW, revision=record.revision + 1)


def test_versions_and_history_come_back_as_they_were_written(store: Any) -> None:
    changes = [step(version(2), KeyCommand.CREATE), step(version(1), KeyCommand.CREATE), step(version(1, "other"), KeyCommand.CREATE)]
    store.change(changes, NOW)
    store.change([step(version(1), KeyCommand.SUSPEND, suspended(version(1)))], NOW)
    assert list(store.versions("k")) == [suspended(version(1)), version(2)]
    assert store.key("k", 1) == suspended(version(1))
    assert list(store.versions("none")) == []
    assert [(event.version, event.command) for event in store.history("k")] == [
        (2, KeyCommand.CREATE), (1, KeyCommand.CREATE), (1, KeyCommand.SUSPEND),
    ]  # fmt: skip
    assert store.history("k")[-1] == step(version(1), KeyCommand.SUSPEND, suspended(version(1))).event


def test_of_two_changes_at_once_only_one_happens(store: Any) -> None:
    store.change([step(version(1), KeyCommand.CREATE)], NOW)
    store.change([step(version(1), KeyCommand.SUSPEND, suspended(version(1)))], NOW)
    with pytest.raises(Unavailable):
        store.change([step(version(1), KeyCommand.EXPIRE, replace(version(1), state=KeyState.DEACTIVATED, revision=1))], NOW)
    with pytest.raises(UsageError):
        store.change([step(version(1), KeyCommand.CREATE)], NOW)
    assert list(store.versions("k")) == [suspended(version(1))]
    assert len(store.history("k")) == 2


def test_several_changes_happen_together_or_not_at_all(store: Any) -> None:
    store.change([step(version(1), KeyCommand.CREATE)], NOW)
    stale = replace(version(1), revision=7)
    with pytest.raises(Unavailable):
        store.change([step(version(2), KeyCommand.CREATE), step(stale, KeyCommand.EXPIRE, suspended(stale))], NOW)
    assert list(store.versions("k")) == [version(1)]
    assert len(store.history("k")) == 1


def test_an_approved_request_is_used_once(store: Any) -> None:
    store.change([step(version(1), KeyCommand.CREATE)], NOW, "nonce")
    with pytest.raises(Denied, match="used already"):
        store.change([step(version(2), KeyCommand.CREATE)], NOW, "nonce")
    assert list(store.versions("k")) == [version(1)]
    store.change([step(version(2), KeyCommand.CREATE)], NOW)
    store.change([step(version(3), KeyCommand.CREATE)], NOW)


def test_invocations_are_counted_for_each_version(store: Any) -> None:
    store.change([step(version(1), KeyCommand.CREATE), step(version(2), KeyCommand.CREATE)], NOW)
    assert [store.reserve("k", 1, 1), store.reserve("k", 1, 2**32), store.reserve("k", 2, 5)] == [1, 2**32 + 1, 5]


def row(name: str, number: int, key: int) -> SealedSecret:
    return SealedSecret(name, number, NOW, version(key).ref, f"wrapped {name} {number}".encode(), b"cipher", 6)


def test_rows_under_a_version_are_listed_in_pages_and_moved_once(store: Any) -> None:
    rows = [row("a", 1, 1), row("a", 2, 1), row("b", 1, 2), row("c", 1, 1)]
    for each in rows:
        store.put(each)
    assert (store.count_under("k", 1), store.count_under("k", 2), store.count_under("k", 3)) == (3, 1, 0)
    assert list(store.rows_under("k", 1, ("", 0), 2)) == [rows[0], rows[1]]
    assert list(store.rows_under("k", 1, ("a", 2), 2)) == [rows[3]]
    assert list(store.rows_under("k", 1, ("a", 1), 9)) == [rows[1], rows[3]]
    moved = replace(rows[0], wrapping_key=version(2).ref, wrapped_key=b"anew")
    assert store.rewrap(rows[0], moved)
    assert not store.rewrap(rows[0], moved)
    assert store.get("a", 1) == moved
    assert store.count_under("k", 1) == 2


def test_an_intent_stays_until_its_key_is_written_down_or_it_is_forgotten(store: Any) -> None:
    one, two, three = (KeyIntent(version(number).ref, "serial", NOW + timedelta(seconds=number)) for number in (1, 2, 3))
    for intent in (two, three, one):
        store.intend(intent)
    assert list(store.intents()) == [one, two, three]
    store.change([step(version(2), KeyCommand.CREATE)], NOW)
    store.add_key(version(3))
    assert list(store.intents()) == [one]
    store.forget(one)
    store.forget(one)
    assert list(store.intents()) == []


def test_an_intent_stays_where_the_record_is_refused(store: Any) -> None:
    store.change([step(version(1), KeyCommand.CREATE)], NOW)
    late = replace(version(1), ref=replace(version(1).ref, id="f" * 32))
    intent = KeyIntent(late.ref, "serial", NOW)
    store.intend(intent)
    with pytest.raises(UsageError):
        store.change([step(late, KeyCommand.CREATE)], NOW)
    assert list(store.intents()) == [intent]
