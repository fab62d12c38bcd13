# SPDX-License-Identifier: Apache-2.0
"""The two databases a store may live in, behind one SQLAlchemy engine each: SQLite in the home folder, PostgreSQL by URL.

On both, whoever changes something waits until nobody else does, in this process, in another, or on another machine:
SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock that ends with the transaction. Numbers and predecessors of
audit records are decided inside. Readers wait for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import QueuePool

from pipeline_guard.adapters.sql.driver import BUSY, connect
from pipeline_guard.errors import Unavailable, UsageError

_CONNECT = 10  # seconds
_RESTED = 1  # seconds after which a kept connection is asked whether it still is one
_STATEMENT = 120  # seconds; a listing of 100,000 secrets takes two
_WRITER = 0x70672D73746F7265  # "pg-store": the advisory lock of whoever changes something
_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
# a server that vanished without a word is noticed within half a minute
_ALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def embedded(path: Path, *, journal: str = "WAL") -> Engine:
    """Return the engine of a database file; ``journal`` is SQLite's journal mode."""
    # kept connections hold no lock between transactions, and nothing needs cleaning up when a process is killed
    engine = create_engine(
        "sqlite://", creator=partial(connect, path, journal), poolclass=QueuePool, pool_size=16, max_overflow=48, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # NOTE: the driver's own deferred BEGIN would fail with "locked" when a reader becomes a writer
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def server(url: str) -> Engine:
    """Return the engine of a PostgreSQL database; raise UsageError for a URL that is none, Unavailable without its driver."""
    try:
        import psycopg
    except ImportError:
        raise Unavailable("the store is on PostgreSQL, and psycopg is not installed", 'pip install "pipeline-guard[postgres]"') from None
    engine = create_engine(
        _address(url),
        connect_args={"connect_timeout": _CONNECT, "application_name": "pipeline-guard", **_ALIVE},
        pool_size=16,
        max_overflow=16,
        pool_timeout=30,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout='{_STATEMENT}s'; SET lock_timeout='{BUSY}s'; SET TIME ZONE 'UTC'")
            cursor.execute("SET idle_in_transaction_session_timeout='120s'")
            # what was acknowledged is on the disk: a server may be set up otherwise
            cursor.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
        connection.commit()

    @event.listens_for(engine, "checkin")
    def rest(_connection: Any, record: Any) -> None:
        record.info["rested"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _fairy: object) -> None:
        # a server that was restarted meanwhile costs one round trip, no error; asking before every use would double them all
        now = time.monotonic()
        if now - record.info.get("rested", now) > _RESTED:
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error:
                raise DisconnectionError from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")

    return engine


def check_url(url: str) -> None:
    """Raise UsageError for what is no URL of a PostgreSQL database; its text, which may hold a password, is never shown."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in _SCHEMES:
        raise UsageError("the store's URL is not one of PostgreSQL", "write it like postgresql://user@host/database")


def _address(url: str) -> URL:
    """Return the URL for the driver. Beyond this machine the server must prove who it is, unless the URL says otherwise."""
    check_url(url)
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise UsageError("the store's URL cannot be read", "write it like postgresql://user@host/database") from None
    query: Mapping[str, Any] = dict(parse_qsl(urlsplit(url).query))
    if _is_remote(address.host or str(query.get("host", ""))) and "sslmode" not in query:
        address = address.update_query_dict({"sslmode": "verify-full"})
        if "sslrootcert" not in query:
            address = address.update_query_dict({"sslrootcert": "system"})
    return address


def _is_remote(host: str) -> bool:
    return bool(host) and not host.startswith("/") and host not in ("localhost", "127.0.0.1", "::1")
