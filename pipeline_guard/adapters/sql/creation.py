# SPDX-License-Identifier: Apache-2.0
"""How a store comes into being, is recognised, and is brought up to this version.

A database file appears whole, under its final name, or not at all; so an empty ``store.db`` is never one that is just being made.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from pipeline_guard.adapters.home import home_lock, private_folder
from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.engines import embedded
from pipeline_guard.adapters.sql.faults import translated
from pipeline_guard.errors import Unavailable

_RESTORE = "restore store.db and store.db-wal from a backup; to begin anew on purpose, move the whole home folder away"


def embedded_file(home: str) -> Path:
    """Return the database file of a home folder, making it at first need; raise Unavailable where a store was lost."""
    private_folder(home)
    path = Path(home) / "store.db"
    if not _has_content(path):
        with home_lock(home, "store"):
            if not _has_content(path):  # nobody was faster
                _refuse_to_replace(path)
                _make(path)
    return path


def bring_up(engine: Engine, file: Path | None = None) -> None:
    """Make the tables where there are none; migrate an older store; raise Unavailable for a newer one, or a ``file`` that lost them."""
    with translated():
        with engine.connect() as connection:
            found = _version(connection)
        if found is None:
            if file is not None:
                _refuse_to_replace(file)
            with engine.execution_options(writes=True).begin() as connection:
                if _version(connection) is None:  # nobody was faster
                    _fill(connection)
            return
        if not found.isdecimal() or int(found) > tables.SCHEMA_VERSION:
            raise Unavailable("the store was written by a newer pipeline-guard", "upgrade pipeline-guard on this machine")
        if int(found) < tables.SCHEMA_VERSION:
            from pipeline_guard.adapters.sql.migration import migrate  # dear, and needed once a release

            migrate(engine)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unavailable(
            f"cannot open {path}: {(error.strerror or 'error').lower()}", "check the permissions of the home folder"
        ) from None


def _refuse_to_replace(path: Path) -> None:
    """Raise Unavailable where there was a store, as far as can be told: what is left of it must not be written over."""
    tokens = path.parent / "tokens"
    log = path.with_name("store.db-wal")
    if path.exists() and tokens.is_dir() and any(tokens.iterdir()):
        raise Unavailable("store.db is empty, though the token beside it is not: something cut it to nothing", _RESTORE)
    if not _has_content(path) and log.exists() and log.stat().st_size:
        raise Unavailable("store.db is gone or empty, but its write-ahead log is there", _RESTORE)


def _make(path: Path) -> None:
    temporary = path.with_name("store.db.new")
    temporary.unlink(missing_ok=True)  # of somebody who was stopped on the way; we hold the lock
    try:
        os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        engine = embedded(temporary, journal="DELETE")
        with translated(), engine.execution_options(writes=True).begin() as connection:
            _fill(connection)
        engine.dispose()
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable(f"cannot make {path}: {(error.strerror or 'error').lower()}", "check space and permissions") from None


def _fill(connection: Connection) -> None:
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.facts).values(name="schema", value=str(tables.SCHEMA_VERSION)))
    connection.execute(insert(tables.facts).values(name="store", value=secrets.token_hex(16)))


def _version(connection: Connection) -> str | None:
    """Return the schema's version as written; None where there is no table of ours; raise Unavailable for somebody else's tables."""
    if connection.dialect.name == "sqlite":
        there = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'facts'").scalar()
    else:
        # NOTE: to_regclass may answer from a cache of before the wait for our turn; a query of the catalogue does not
        query = "SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'facts' AND pg_catalog.pg_table_is_visible(oid)"
        there = connection.exec_driver_sql(query).scalar()
    if not there:
        return None
    found = connection.execute(select(tables.facts.c.value).where(tables.facts.c.name == "schema")).scalar()
    return "unknown" if found is None else str(found)
