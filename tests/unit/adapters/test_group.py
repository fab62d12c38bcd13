# SPDX-License-Identifier: Apache-2.0
"""Group commit on a real database: everybody's work is durable or refused, alone where it fails, together where it commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pipeline_guard.adapters.sql.group import GroupCommit
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.event import AuditEvent

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def event(thing: str) -> AuditEvent:
    return AuditEvent(NOW, "user:ada", "test", thing, "granted")


def test_many_threads_write_one_whole_chain(tmp_path: Path) -> None:
    state = SqlState.open(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda number: state.write(event(str(number))), range(400)))
    assert sorted(record.seq for record in records) == list(range(1, 401))
    assert verify_chain(state.records())[0] == 400
    for record in records:
        assert record.line() in set(state.records())
        break


def test_threads_that_wait_together_share_a_transaction(tmp_path: Path) -> None:
    state = SqlState.open(str(tmp_path))
    transactions, entered, release = [], threading.Event(), threading.Event()

    @contextmanager
    def counted() -> Iterator[Connection]:
        transactions.append(1)
        with state._change() as connection:
            entered.set()
            release.wait(10)
            yield connection

    group = GroupCommit(counted)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.run, lambda _connection: "first")
        assert entered.wait(10)
        others = [pool.submit(group.run, lambda _connection, number=number: number) for number in range(8)]
        while len(group._queue) < 8:
            pass
        release.set()
        assert first.result(10) == "first"
        assert [other.result(10) for other in others] == list(range(8))
    assert len(transactions) == 2


def test_one_that_fails_takes_back_its_own_work_only(tmp_path: Path) -> None:
    state = SqlState.open(str(tmp_path))

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO facts VALUES ('half', 'done')")
        raise UsageError("no")

    with pytest.raises(UsageError):
        state._group.run(fails)
    state.write(event("after"))
    with state._look() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM facts WHERE name = 'half'").scalar() == 0


def test_a_commit_that_fails_is_told_to_everybody_and_the_next_one_works() -> None:
    broken = [True]

    class Savepoint:
        def begin_nested(self) -> Savepoint:
            return self

        def __enter__(self) -> None:
            return None

        def __exit__(self, *_: object) -> None:
            return None

    @contextmanager
    def change() -> Iterator[Savepoint]:
        yield Savepoint()
        if broken[0]:
            raise Unavailable("the disk is full")

    group = GroupCommit(change)
    with pytest.raises(Unavailable, match="disk is full"):
        group.run(lambda _connection: 1)
    broken[0] = False
    assert group.run(lambda _connection: 2) == 2


def test_a_bug_in_one_piece_of_work_does_not_leave_the_others_waiting(tmp_path: Path) -> None:
    state = SqlState.open(str(tmp_path))

    def bug(_connection: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        state._group.run(bug)
    assert state.write(event("after")).seq == 1
