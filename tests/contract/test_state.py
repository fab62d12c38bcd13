# SPDX-License-Identifier: Apache-2.0
"""What every store does, the one in memory and the real one alike."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import UsageError
from pipeline_guard.model.dynamic import SealedHandle
from pipeline_guard.model.event import AuditEvent, Checkpoint
from pipeline_guard.model.key import Dependents, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret, SearchRow

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = KeyRef("store", 1, KeyType.AES_256, KeyUsage.WRAP, "ab" * 16)


def sealed(name: str, version: int = 1) -> SealedSecret:
    return SealedSecret(name, version, NOW, KEY, b"wrapped\x00\xff", b"cipher\x00\xff", 6)


def event(thing: str) -> AuditEvent:
    return AuditEvent(NOW, "user:ada", "test", thing, "granted")


def lease(identifier: str, holder: str, minutes: int = 5) -> Lease:
    return Lease(identifier, "db", 1, holder, NOW, NOW + timedelta(minutes=minutes))


def test_key_is_read_back_as_it_was_kept(store: Any) -> None:
    record = KeyRecord(KEY, KeyState.ACTIVE, NOW, "serial", "pem")
    store.add_key(record)
    assert store.key("store") == record
    assert store.key("store", 1) == record
    assert store.key("store", 2) is None
    assert store.key("other") is None
    assert list(store.all_keys()) == [record]
    with pytest.raises(UsageError, match="exists"):
        store.add_key(record)


def test_newest_version_of_a_secret_is_the_one(store: Any) -> None:
    for row in (sealed("b"), sealed("a", 1), sealed("a", 2), sealed("a", 10)):
        store.put(row)
    assert store.get("a") == sealed("a", 10)
    assert store.get("a", 2) == sealed("a", 2)
    assert store.get("a", 3) is None
    assert store.get("none") is None
    assert list(store.list()) == [sealed("a", 10), sealed("b")]
    with pytest.raises(UsageError, match="exists"):
        store.put(sealed("a", 2))


def test_delete_removes_every_version(store: Any) -> None:
    store.put(sealed("a", 1))
    store.put(sealed("a", 2))
    store.put(sealed("b"))
    assert store.delete("a") == 2
    assert store.get("a") is None
    assert store.delete("a") == 0
    assert list(store.list()) == [sealed("b")]


def test_leases_end_once_and_only_their_holders(store: Any) -> None:
    store.issue([lease("1", "job-a"), lease("2", "job-a")], [event("two"), event("one")])
    store.issue([lease("3", "job-b", minutes=1)], [event("three")])
    assert {each.id for each in store.open_leases(NOW)} == {"1", "2", "3"}
    assert {each.id for each in store.open_leases(NOW + timedelta(minutes=2))} == {"1", "2"}

    def announce(ended: Lease) -> AuditEvent:
        return event(f"end of {ended.id}")

    assert sorted(store.end("job-a", NOW, announce), key=lambda each: each.id) == [lease("1", "job-a"), lease("2", "job-a")]
    assert list(store.end("job-a", NOW, announce)) == []
    assert [each.id for each in store.open_leases(NOW)] == ["3"]
    objects = [json.loads(line)["object"] for line in store.records()]
    assert objects[:3] == ["two", "one", "three"]
    assert sorted(objects[3:]) == ["end of 1", "end of 2"]


def test_checkpoints_are_kept_once_for_each_record(store: Any) -> None:
    assert (store.head().seq, store.head().vouched) == (0, 0)
    store.issue([], [event("a"), event("b")])
    last = json.loads(list(store.records())[-1])["hash"]
    assert (store.head().seq, store.head().hash, store.head().vouched) == (2, last, 0)
    for kind in ("running", "again"):
        store.keep(Checkpoint(2, last, NOW, kind, "audit/1", "c2ln"))
    assert store.head().vouched == 2
    assert list(store.checkpoints()) == [Checkpoint(2, last, NOW, "running", "audit/1", "c2ln").line()]
    assert store.head().store


def test_audit_records_are_chained_from_one(store: Any) -> None:
    for number in range(3):
        record = store.write(AuditEvent(NOW, "user:ada", "test", f"thing-{number} \u00e9\n", "granted"))
        assert record.seq == number + 1
    lines = list(store.records())
    assert verify_chain(lines) == (3, record.hash)


def search_row(name: str, version: int = 1, content: bytes = b"sealed\x00\xff") -> SearchRow:
    return SearchRow(name, version, KEY, b"wrapped\x00\xff", content)


def test_search_rows_are_read_back_replaced_and_gone_with_their_secret(store: Any) -> None:
    assert list(store.search_rows()) == []
    assert list(store.versions_kept()) == []
    for name, version in (("b", 1), ("a", 2), ("a", 1)):
        store.put(sealed(name, version))
        store.keep_row(search_row(name, version))
    assert list(store.search_rows()) == [search_row("a", 1), search_row("a", 2), search_row("b", 1)]
    assert list(store.versions_kept()) == [("a", 1), ("a", 2), ("b", 1)]
    assert list(store.search_rows(1)) == [search_row("a", 1)]
    store.keep_row(search_row("a", 2, b"other"))
    assert list(store.search_rows())[1] == search_row("a", 2, b"other")
    store.delete("a")
    assert list(store.search_rows()) == [search_row("b", 1)]
    store.put(sealed("a"))
    assert list(store.search_rows()) == [search_row("b", 1)], "a new secret of an old name has no row yet"


def test_sealed_files_and_secrets_depend_on_the_version_that_opens_them(store: Any) -> None:
    assert not store.dependents("k", 1)
    store.keep_file("aa" * 32, [("k", 1), ("other", 1)], NOW)
    store.keep_file("bb" * 32, [("k", 1), ("k", 1)], NOW)
    store.put(sealed("a"))
    assert store.dependents("k", 1) == Dependents(0, 2)
    assert store.dependents(KEY.name, KEY.version).secrets == 1
    store.keep_file("aa" * 32, [("k", 2)], NOW)
    store.keep_file("bb" * 32, [], NOW)
    assert (store.dependents("k", 1), store.dependents("k", 2), store.dependents("other", 1)) == (
        Dependents(),
        Dependents(0, 1),
        Dependents(),
    )


def engine_lease(identifier: str, holder: str = "job-a", minutes: int = 5) -> Lease:
    return Lease(identifier, "db-role", 0, holder, NOW, NOW + timedelta(minutes=minutes), engine="db-role", about=f"role {identifier}")


HANDLE = SealedHandle(KEY, b"wrapped\x00\xff", b"handle\x00\xff")
HOLD = timedelta(minutes=2)


def taken(store: Any, now: datetime, holder: str = "") -> list[str]:
    return sorted(due.lease.id for due in store.take_due(now, now + HOLD, holder))


def test_what_an_engine_made_is_due_once_it_ended_and_is_taken_by_one_only(reopen: Any) -> None:
    store, other = reopen(), reopen()
    store.issue([engine_lease("1"), engine_lease("2", "job-b"), lease("3", "job-a")], [])
    assert store.keep_made(engine_lease("1"), HANDLE)
    assert taken(store, NOW) == []
    store.end("job-a", NOW, lambda ended: event(f"end of {ended.id}"))
    assert taken(store, NOW, "job-b") == []
    (due,) = store.take_due(NOW, NOW + HOLD, "job-a")
    assert (due.lease, due.handle, due.tried) == (engine_lease("1"), HANDLE, 1)
    assert taken(other, NOW) == [], "somebody has it already"
    (again,) = other.take_due(NOW + HOLD, NOW + HOLD + HOLD)
    assert (again.lease.id, again.tried) == ("1", 2), "whoever took it died"


def test_wrapping_key_is_needed_as_long_as_something_is_to_be_undone(store: Any) -> None:
    store.issue([engine_lease("1")], [])
    store.keep_made(engine_lease("1"), HANDLE)
    assert store.dependents(KEY.name, KEY.version) == Dependents(1, 0)
    store.end("job-a", NOW, lambda ended: event(f"end of {ended.id}"))
    (due,) = store.take_due(NOW, NOW + HOLD)
    store.settle(due, event("done"), None)
    assert not store.dependents(KEY.name, KEY.version)


def test_what_expired_is_due_without_anybody_ending_it(store: Any) -> None:
    store.issue([engine_lease("1"), lease("2", "job-a")], [])
    assert taken(store, NOW + timedelta(minutes=4)) == []
    (due,) = store.take_due(NOW + timedelta(minutes=5), NOW + timedelta(minutes=7))
    assert (due.lease.id, due.handle) == ("1", None)


def test_failed_revocation_waits_for_its_next_try_and_a_settled_one_is_gone(store: Any) -> None:
    store.issue([engine_lease("1")], [])
    store.keep_made(engine_lease("1"), HANDLE)
    store.end("job-a", NOW, lambda ended: event(f"end of {ended.id}"))
    (due,) = store.take_due(NOW, NOW + HOLD)
    store.settle(due, event("failed"), NOW + timedelta(minutes=1))
    assert taken(store, NOW + timedelta(seconds=59)) == []
    (due,) = store.take_due(NOW + timedelta(minutes=1), NOW + timedelta(minutes=3))
    store.settle(due, event("done"), None)
    assert taken(store, NOW + timedelta(days=1)) == []
    assert not store.keep_made(engine_lease("1"), HANDLE), "it is over"
    assert taken(store, NOW + timedelta(days=1)) == []
    assert [json.loads(line)["object"] for line in store.records()] == ["end of 1", "failed", "done"]


def test_lease_that_ended_while_its_value_was_made_is_told(store: Any) -> None:
    store.issue([engine_lease("1")], [])
    store.end("job-a", NOW, lambda ended: event(f"end of {ended.id}"))
    assert not store.keep_made(engine_lease("1"), HANDLE)
    (due,) = store.take_due(NOW, NOW + HOLD)
    assert due.handle == HANDLE


def test_what_only_time_ends_is_never_due_and_known_as_such(store: Any) -> None:
    store.issue([engine_lease("1")], [])
    known = dataclasses.replace(engine_lease("1", minutes=15), revocable=False, about="a session")
    assert store.keep_made(known, None)
    assert list(store.open_leases(NOW + timedelta(minutes=10))) == [known]
    assert list(store.end("job-a", NOW, lambda ended: event(f"end of {ended.id}"))) == [known]
    assert taken(store, NOW + timedelta(days=1)) == []


def test_processes_that_sweep_at_once_share_what_is_due(reopen: Any) -> None:
    reopen().issue([engine_lease(str(number), minutes=1) for number in range(40)], [])
    later = NOW + timedelta(minutes=1)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda _number: [due.lease.id for due in reopen().take_due(later, later + HOLD, "", 10)], range(8)))
    everyone = [identifier for part in parts for identifier in part]
    assert len(everyone) == len(set(everyone)) == 40
