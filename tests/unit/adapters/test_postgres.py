# SPDX-License-Identifier: Apache-2.0
"""The store on a real PostgreSQL server: replicas at once, migration, and a server that refuses, stops or stalls."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from pipeline_guard.adapters.sql import engines
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.adapters.sql.tables import SCHEMA_VERSION
from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.event import AuditEvent
from tests.postgres import PostgresServer
from tests.unit.adapters.test_migration import FIRST

ROOT = Path(__file__).parents[3]
EVENT = AuditEvent(datetime(2026, 1, 1, tzinfo=UTC), "user:ada", "test", "thing", "granted")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    server = PostgresServer()
    yield server
    server.remove()


def test_replicas_that_open_an_empty_database_at_once_make_one_store(postgres: PostgresServer) -> None:
    url = postgres.database()
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(SqlState.connect, [url] * 8))
    assert len({store.head().store for store in stores}) == 1


def test_replicas_append_to_one_chain_and_lose_nothing(postgres: PostgresServer) -> None:
    url = postgres.database()
    source = textwrap.dedent(
        """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from datetime import UTC, datetime
        from pipeline_guard.adapters.sql.state import SqlState
        from pipeline_guard.model.event import AuditEvent
        store = SqlState.connect(sys.stdin.read())
        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(lambda n: store.write(AuditEvent(datetime.now(UTC), "p", "test", f"{sys.argv[1]}-{n}", "granted")), range(100)):
                pass
        """
    )
    writers = [subprocess.Popen([sys.executable, "-c", source, str(n)], cwd=ROOT, stdin=subprocess.PIPE, text=True) for n in range(4)]
    for writer in writers:
        writer.communicate(url, timeout=120)
    assert [writer.returncode for writer in writers] == [0] * 4
    assert verify_chain(list(SqlState.connect(url).records()))[0] == 400


def test_writers_in_one_process_but_different_pools_do_not_share_a_number(postgres: PostgresServer) -> None:
    url = postgres.database()
    stores = [SqlState.connect(url) for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        records = list(pool.map(lambda number: stores[number % 3].write(EVENT), range(150)))
    assert sorted(record.seq for record in records) == list(range(1, 151))


def first_store(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FIRST.replace("BLOB", "BYTEA").replace("x'7b7d'", "'\\x7b7d'").replace("x'01', x'02'", "'\\x01', '\\x02'"))


def test_an_old_store_is_brought_up_once_by_many_at_once(postgres: PostgresServer) -> None:
    url = postgres.database()
    first_store(url)
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(SqlState.connect, [url] * 6))
    secret, key = stores[0].get("db"), stores[1].key("store")
    assert secret is not None
    assert key is not None
    assert (secret.size, secret.wrapped_key, key.ref.id, key.revision) == (3, b"\x01", "abab", 0)
    assert list(stores[2].records()) == [b"{}"]


def test_a_migrated_database_has_the_columns_and_indexes_of_a_new_one(postgres: PostgresServer) -> None:
    old, new = postgres.database(), postgres.database()
    first_store(old)
    shapes = []
    for url in (old, new):
        SqlState.connect(url)
        with psycopg.connect(url) as connection:
            columns = connection.execute(
                "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'"
            ).fetchall()
            indexes = connection.execute(
                "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE 'alembic%'"
            ).fetchall()
        shapes.append((set(columns), set(indexes)))
    assert shapes[0] == shapes[1]


def test_a_newer_store_is_refused(postgres: PostgresServer) -> None:
    url = postgres.database()
    SqlState.connect(url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE facts SET value = %s WHERE name = 'schema'", (str(SCHEMA_VERSION + 1),))
    with pytest.raises(Unavailable, match="newer"):
        SqlState.connect(url)


def test_a_table_of_somebody_else_is_not_taken_for_a_store(postgres: PostgresServer) -> None:
    url = postgres.database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE facts (id integer)")
    with pytest.raises(Unavailable, match="not ours"):
        SqlState.connect(url)


def test_a_restarted_server_is_found_again(own_server: PostgresServer) -> None:
    store = SqlState.connect(own_server.database())
    store.write(EVENT)
    own_server.stop(signal.SIGQUIT)  # as a crash
    begun = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        store.write(EVENT)
    assert caught.value.hint
    assert own_server.password not in str(caught.value) + caught.value.hint
    own_server.start()
    assert store.write(EVENT).seq == 2
    assert time.monotonic() - begun < 60
    assert verify_chain(list(store.records()))[0] == 2


def test_who_does_not_get_his_turn_is_told_and_does_not_hang(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY", 1)
    url = postgres.database()
    store = SqlState.connect(url)
    with psycopg.connect(url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({engines._WRITER})")
        with pytest.raises(Unavailable, match="in use"):
            store.write(EVENT)
        assert list(store.records()) == []  # readers wait for nobody
    assert store.write(EVENT).seq == 1


def ended_by_the_administrator(store: SqlState, admin: str) -> None:
    with store._change() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with psycopg.connect(admin, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        time.sleep(0.2)
        connection.exec_driver_sql("SELECT 1")


def test_a_session_that_the_administrator_ends_is_unavailable_and_the_next_works(postgres: PostgresServer) -> None:
    store = SqlState.connect(postgres.database())
    with pytest.raises(Unavailable, match="was stopped"):
        ended_by_the_administrator(store, postgres.url("postgres"))
    assert store.write(EVENT).seq == 1


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_CONNECT", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://guard@127.0.0.1:{silent.getsockname()[1]}/x"
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached"):
            SqlState.connect(url)
        assert time.monotonic() - begun < 15


def test_what_a_server_refuses_is_said_without_its_words(postgres: PostgresServer) -> None:
    wrong = quote("no-" + "such-password")
    address = f"127.0.0.1:{postgres.port}"
    for url, what in (
        (f"postgresql://guard:{wrong}@{address}/postgres", "does not let us in"),
        (f"postgresql://nobody:{wrong}@{address}/postgres", "does not let us in"),
        (postgres.url("missing"), "no such database"),
        (postgres.url("postgres") + "?sslmode=require", "does not prove who it is"),
        ("postgresql://guard@127.0.0.1:1/x", "cannot be reached"),
    ):
        with pytest.raises(Unavailable, match=what) as caught:
            SqlState.connect(url)
        assert caught.value.hint
        assert wrong not in str(caught.value) + caught.value.hint


def test_a_server_that_only_reads_still_shows_what_there_is(postgres: PostgresServer) -> None:
    url = postgres.database()
    SqlState.connect(url).write(EVENT)
    reading = SqlState.connect(url + "?options=-c%20default_transaction_read_only%3Don")
    assert len(list(reading.records())) == 1
    with pytest.raises(Unavailable, match="only reads"):
        reading.write(EVENT)


def test_a_user_without_rights_is_told_which(postgres: PostgresServer) -> None:
    url = postgres.database()
    SqlState.connect(url)
    password = "only-" + "reader"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{password}'")
    with pytest.raises(Unavailable, match="lacks a right"):
        SqlState.connect(url.replace(f"guard:{postgres.password}", f"reader:{password}"))


@pytest.mark.parametrize("url", ["mysql://root@host/db", "sqlite:///x", "postgresql+asyncpg://a@b/c", "nonsense", "postgresql://[::1/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        SqlState.connect(url)


def test_beyond_this_machine_the_server_must_prove_who_it_is() -> None:
    def query(url: str) -> object:
        return dict(engines._address(url).query)

    assert query("postgresql://u@db.example.org/x") == {"sslmode": "verify-full", "sslrootcert": "system"}
    assert query("postgresql://u@db.example.org/x?sslrootcert=/etc/ca.pem") == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
    assert query("postgresql://u@db.example.org/x?sslmode=require") == {"sslmode": "require"}
    for local in ("postgresql://u@127.0.0.1/x", "postgresql://u@/x?host=/run/postgresql", "postgresql:///x"):
        assert "sslmode" not in dict(engines._address(local).query)


def test_group_commit_works_across_threads(postgres: PostgresServer) -> None:
    store = SqlState.connect(postgres.database())
    begin = threading.Barrier(8)

    def work(_number: int) -> int:
        begin.wait(10)
        return store.write(EVENT).seq

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == list(range(1, 9))
