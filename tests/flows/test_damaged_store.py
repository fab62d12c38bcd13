# SPDX-License-Identifier: Apache-2.0
"""Every column of a stored secret and of a key, damaged in a real database: an error of ours, and never a value."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_guard.adapters.clock import SystemClock, SystemRandom
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.errors import GuardError, IntegrityError, UsageError
from pipeline_guard.flows import lease, secrets
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.model.lease import Binding, Delivery
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.terms import Terms

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Place:
    """A store in a file with a token in memory, and one secret."""

    def __init__(self, home: Path) -> None:
        self.state = SqlState.open(str(home))
        self.file = home / "store.db"
        clock = SystemClock()
        token = GovernedToken(SoftwareToken(clock), self.state, clock)
        state = self.state
        self.doors = secrets.SecretDoors(
            actor="user:ada", clock=clock, random=SystemRandom(), keystore=token, wrapper=token,
            register=state, ledger=state, store=state, life=state, removal=state, audit=state,
        )  # fmt: skip
        self._lease = lease.LeaseDoors("user:ada", clock, SystemRandom(), token, state, state)
        self.put()

    def put(self) -> None:
        secrets.put("db", Secret(b"value"), Terms(timedelta(days=9), (("team", "a"),), "a note"), doors=self.doors)

    def grant(self) -> Secret:
        return lease.grant([Binding("DB", "db", timedelta(minutes=5), Delivery.ENV)], "job", doors=self._lease).values[0].value

    def edit(self, table: str, column: str, value: object) -> None:
        with closing(sqlite3.connect(self.file)) as database:
            database.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608  # names of the tables' own
            database.commit()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "home")
    assert place.grant() == Secret(b"value")
    return place


def columns(table: str) -> list[str]:
    from pipeline_guard.adapters.sql.tables import metadata

    return [column.name for column in metadata.tables[table].columns]


@pytest.mark.parametrize("column", columns("secrets"))
@pytest.mark.parametrize("rubbish", ["\u00ffrubbish", b"\x00\xff", "2026-01-01"], ids=["text", "bytes", "date"])
def test_a_damaged_row_never_gives_another_value(place: Place, column: str, rubbish: object) -> None:
    place.edit("secrets", column, rubbish)
    with pytest.raises(GuardError):
        place.grant()
    with suppress(IntegrityError):
        place.state.list()
    for name in ("db", str(rubbish)):
        with suppress(UsageError):
            secrets.remove(name, doors=place.doors)
    with closing(sqlite3.connect(place.file)) as database:  # a name that is no name can only be removed by hand
        database.execute("DELETE FROM secrets")
        database.commit()
    place.put()
    assert place.grant() == Secret(b"value")


@pytest.mark.parametrize(
    "column", [name for name in columns("keys") if name not in ("revision", "invocations", "public_pem", "token", "erases")]
)
@pytest.mark.parametrize("rubbish", ["\u00ffrubbish", "2026-01-01"], ids=["text", "date"])
def test_a_damaged_key_record_opens_nothing(place: Place, column: str, rubbish: object) -> None:
    place.edit("keys", column, rubbish)
    with pytest.raises(GuardError):
        place.grant()
