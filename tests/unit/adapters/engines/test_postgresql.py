# SPDX-License-Identifier: Apache-2.0
"""Roles of a real PostgreSQL server, made by an account that is no superuser."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.engines.postgresql import PostgresRoles
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made
from pipeline_guard.model.secret import Secret
from pipeline_guard.policy.engines import TableGrant
from tests.fakes.engines import LEASE, Clock, wish
from tests.postgres import PostgresServer

ROLE = f"guard_{LEASE}"
WILD = 'orders"; DROP TABLE x; --'  # a table's name may be any text


def of_role(query: str) -> sql.Composed:
    return sql.SQL(query).format(sql.Literal(ROLE))  # type: ignore[arg-type]


class Place:
    """A database, and the engine's account in it."""

    def __init__(self, server: PostgresServer) -> None:
        self.url = server.database()
        self.server = server
        self.name = self.url.rpartition("/")[2]
        self.maker, self.writer = f"maker_{self.name}", f"writer_{self.name}"
        self.ask(
            f"CREATE ROLE {self.maker} LOGIN CREATEROLE PASSWORD 'maker'",
            f"CREATE ROLE {self.writer} NOLOGIN",
            f"GRANT {self.writer} TO {self.maker} WITH ADMIN OPTION",
            "CREATE TABLE orders (id integer)",
            sql.SQL("CREATE TABLE {} (id integer)").format(sql.Identifier(WILD)),
            f"GRANT SELECT, INSERT ON orders TO {self.writer}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {self.maker} WITH GRANT OPTION",
            f"GRANT ALL ON SCHEMA public TO {self.maker} WITH GRANT OPTION",
            "GRANT CREATE ON SCHEMA public TO PUBLIC",
        )
        self.clock = Clock()

    def ask(self, *statements: Any, url: str = "") -> list[tuple[Any, ...]]:
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            for statement in statements:
                done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def engine(self, account: str = "", **settings: Any) -> PostgresRoles:
        account = account or f"{self.maker}:maker"
        url = f"postgresql://{account}@127.0.0.1:{self.server.port}/{self.name}"
        known: dict[str, Any] = {"roles": (self.writer,), "grants": (), "connection_limit": 2, "reassign_to": "", "host": "", "form": "url"}
        return PostgresRoles(lambda: Secret(url.encode()), SystemRandom(), **{**known, **settings})

    def make(self, engine: PostgresRoles, minutes: int = 10) -> Made:
        return engine.make(wish(self.clock, minutes))

    def role(self) -> tuple[Any, ...] | None:
        query = (
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin, rolconnlimit, rolvaliduntil"
            " FROM pg_roles WHERE rolname = {}"
        )
        found = self.ask(of_role(query))
        return found[0] if found else None


@pytest.fixture
def place(postgres: PostgresServer) -> Iterator[Place]:
    found = Place(postgres)
    yield found
    assert found.role() is None, "a test left its role behind"


def url_of(made: Made) -> str:
    return made.value.reveal().decode()


def test_role_is_narrow_ends_by_itself_and_its_password_is_not_in_the_server(place: Place) -> None:
    engine = place.engine()
    made = place.make(engine)
    assert place.role() == (False, False, False, False, False, True, 2, made.expires)
    (stored,) = place.ask(of_role("SELECT rolpassword FROM pg_authid WHERE rolname = {}"))[0]
    assert stored.startswith("SCRAM-SHA-256$")
    assert place.ask("INSERT INTO orders VALUES (1) RETURNING current_user", url=url_of(made)) == [(ROLE,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        place.ask("DELETE FROM orders", url=url_of(made))
    assert made.handle == engine.handle(wish(place.clock)) == Secret(ROLE.encode())
    engine.undo(made.handle)
    assert place.role() is None
    engine.undo(made.handle)  # gone already


def test_login_after_its_time_is_refused_by_the_server_itself(place: Place) -> None:
    place.clock.move(hours=-1)
    engine = place.engine()
    made = place.make(engine, minutes=10)
    with pytest.raises(psycopg.OperationalError):
        place.ask("SELECT 1", url=url_of(made))
    engine.undo(made.handle)


def test_undoing_ends_live_sessions_at_once_even_in_the_middle_of_a_statement(place: Place) -> None:
    engine = place.engine()
    made = place.make(engine)
    ended: list[float] = []
    idle = psycopg.connect(url_of(made))

    def work() -> None:
        try:
            with psycopg.connect(url_of(made)) as connection:
                connection.execute("SELECT pg_sleep(60)")
        except psycopg.Error:
            ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    while place.ask(of_role("SELECT count(*) FROM pg_stat_activity WHERE usename = {} AND query LIKE '%pg_sleep%'")) != [(1,)]:
        time.sleep(0.02)
    engine.undo(made.handle)
    assert place.ask(of_role("SELECT count(*) FROM pg_stat_activity WHERE usename = {}")) == [(0,)]
    thread.join(10)
    assert ended
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")
    idle.close()


def test_privileges_on_tables_are_exactly_those_named_whatever_their_names(place: Place) -> None:
    grant = TableGrant(schema="public", privileges=("SELECT",), tables=(WILD,))
    engine = place.engine(roles=(), grants=(grant,))
    made = place.make(engine)
    assert place.ask(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(WILD)), url=url_of(made)) == [(0,)]
    for statement in (sql.SQL("INSERT INTO {} VALUES (1)").format(sql.Identifier(WILD)), sql.SQL("SELECT * FROM orders")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            place.ask(statement, url=url_of(made))
    engine.undo(made.handle)
    assert place.ask("SELECT count(*) FROM orders") == [(0,)]


def test_all_tables_of_a_schema(place: Place) -> None:
    engine = place.engine(roles=(), grants=(TableGrant(schema="public", privileges=("SELECT", "INSERT")),))
    made = place.make(engine)
    place.ask("INSERT INTO orders VALUES (1)", url=url_of(made))
    engine.undo(made.handle)


def test_what_the_job_left_goes_with_it_or_to_whom_it_should(place: Place) -> None:
    engine = place.engine()
    made = place.make(engine)
    place.ask("CREATE TABLE left_behind (id integer)", url=url_of(made))
    engine.undo(made.handle)
    assert place.ask("SELECT count(*) FROM pg_class WHERE relname = 'left_behind'") == [(0,)]
    engine = place.engine(reassign_to=place.maker)
    made = place.make(engine)
    place.ask("CREATE TABLE given_away (id integer)", url=url_of(made))
    engine.undo(made.handle)
    assert place.ask("SELECT tableowner FROM pg_tables WHERE tablename = 'given_away'") == [(place.maker,)]


def test_what_the_job_left_in_another_database_goes_too(place: Place, postgres: PostgresServer) -> None:
    other = postgres.database()
    place.ask("GRANT CREATE ON SCHEMA public TO PUBLIC", url=other)
    engine = place.engine()
    made = place.make(engine)
    place.ask("CREATE TABLE elsewhere (id integer)", url=url_of(made).replace(place.name, other.rpartition("/")[2]))
    engine.undo(made.handle)
    assert place.ask("SELECT count(*) FROM pg_class WHERE relname = 'elsewhere'", url=other) == [(0,)]


def test_what_others_built_on_it_stays_and_access_is_over_all_the_same(place: Place) -> None:
    engine = place.engine()
    made = place.make(engine)
    place.ask("CREATE TABLE base (id integer); INSERT INTO base VALUES (7); GRANT SELECT ON base TO PUBLIC", url=url_of(made))
    place.ask("CREATE VIEW precious AS SELECT * FROM base")
    with pytest.raises(Unavailable):
        engine.undo(made.handle)
    assert place.role()[5] is False  # type: ignore[index]
    assert place.ask("SELECT * FROM precious") == [(7,)]
    place.ask("DROP VIEW precious")
    engine.undo(made.handle)


def test_value_comes_in_the_form_that_is_asked_for(place: Place) -> None:
    engine = place.engine(form="json", host="db.example.org")
    made = place.make(engine)
    found = json.loads(made.value.reveal())
    assert {**found, "password": ""} == {
        "host": "db.example.org", "port": place.server.port, "database": place.name, "username": ROLE, "password": "",
    }  # fmt: skip
    engine.undo(made.handle)
    engine = place.engine(form="password")
    made = place.make(engine)
    place.ask("SELECT 1", url=f"postgresql://{ROLE}:{made.value.reveal().decode()}@127.0.0.1:{place.server.port}/{place.name}")
    engine.undo(made.handle)


def test_superuser_as_the_engines_account_works_too(place: Place) -> None:
    engine = place.engine(account=place.url.split("//")[1].split("@")[0])
    made = place.make(engine)
    engine.undo(made.handle)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda place: place.engine(roles=("nobody_like_that",)), UsageError),
        (lambda place: place.engine(roles=('x"; DROP TABLE orders; --',)), UsageError),
        (lambda place: place.engine(grants=(TableGrant(schema="nowhere", privileges=("SELECT",)),)), UsageError),
        (lambda place: place.engine(grants=(TableGrant(schema="public", privileges=("SELECT",), tables=("none",)),)), UsageError),
        (lambda place: place.engine(roles=("guard",)), Denied),
        (lambda place: place.engine(account=f"{place.maker}:wrong"), Unavailable),
    ],
    ids=["role", "hostile role", "schema", "table", "superuser role", "password"],
)
def test_what_the_server_refuses_leaves_no_role(place: Place, change: Callable[[Place], PostgresRoles], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        place.make(change(place))
    assert "maker:" not in str(caught.value)
    assert place.role() is None
    assert place.ask("SELECT count(*) FROM orders") == [(0,)]


@pytest.mark.parametrize("handle", [b"", b"guard", b"postgres", b"guard_" + b"0" * 31, b"guard_" + b"A" * 32, b"\xff"])
def test_only_roles_of_ours_are_undone(place: Place, handle: bytes) -> None:
    with pytest.raises(Unavailable, match="none of ours"):
        place.engine().undo(Secret(handle))


def test_outage_is_unavailable(place: Place) -> None:
    engine = replace(place.engine(), url=lambda: Secret(b"postgresql://x:y@127.0.0.1:9/z"))
    for act in (lambda: engine.make(wish(place.clock)), lambda: engine.undo(Secret(ROLE.encode()))):
        with pytest.raises(Unavailable, match="does not answer") as caught:
            act()
        assert "x:y" not in str(caught.value)
    assert wish(place.clock).expires - place.clock.now() == timedelta(minutes=10)
