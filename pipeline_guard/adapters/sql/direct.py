# SPDX-License-Identifier: Apache-2.0
"""The embedded store as short commands ask it: the few questions of ``sign``, ``run`` and ``verify`` go to the driver directly.

Importing SQLAlchemy takes longer than all the rest of such a command (docs/adr/0002). Everything else, and every store that is not
as it should be, goes to ``SqlState``, which is opened when it is first needed. Both keep one contract: tests/contract runs over both.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pipeline_guard.adapters.home import private_folder
from pipeline_guard.adapters.sql.driver import SCHEMA_VERSION, connect, explain
from pipeline_guard.adapters.sql.rows import lease_row, read_event, read_key, read_lease, read_secret
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord, LogHead
from pipeline_guard.model.key import KeyEvent, KeyRecord
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret

if TYPE_CHECKING:
    from pipeline_guard.adapters.sql.state import SqlState

_KEY = "SELECT * FROM keys WHERE name = :name AND version = coalesce(:version, (SELECT max(version) FROM keys WHERE name = :name))"
_SECRET = "SELECT * FROM secrets WHERE name = :name AND version = coalesce(:version, (SELECT max(version) FROM secrets WHERE name = :name))"
_LEASE = """INSERT INTO leases (id, secret, version, holder, issued, expires, ended, engine, about, undo)
    VALUES (:id, :secret, :version, :holder, :issued, :expires, :ended, :engine, :about, :undo)"""


class DirectState:
    """One database file; what is not here ``SqlState`` does, over connections of its own."""

    def __init__(self, home: str, connection: sqlite3.Connection) -> None:
        self._home = home
        self._connection = connection
        self._lock = threading.Lock()  # one transaction at a time: the driver would mix those of two threads
        weakref.finalize(self, connection.close)

    @staticmethod
    def open(home: str) -> DirectState | SqlState:
        """Open the embedded store, creating it at first need; raise Unavailable where it cannot be used."""
        private_folder(home)
        connection = _opened(Path(home) / "store.db")
        return DirectState(home, connection) if connection else _whole(home)

    def __getattr__(self, name: str) -> Any:
        """Have everything else done by ``SqlState``."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._rest, name)

    @cached_property
    def _rest(self) -> SqlState:
        return _whole(self._home)

    # KeyRegister, KeyLedger

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        """Return a key's record, the newest version where none is named."""
        found = self._ask(_KEY, {"name": name, "version": version})
        return read_key(found[0]) if found else None

    def versions(self, name: str) -> Sequence[KeyRecord]:
        """Return every version of a key, ascending."""
        return [read_key(row) for row in self._ask("SELECT * FROM keys WHERE name = :name ORDER BY version", {"name": name})]

    def history(self, name: str) -> Sequence[KeyEvent]:
        """Return what happened to all versions of a key, in order."""
        return [read_event(row) for row in self._ask("SELECT * FROM key_events WHERE name = :name ORDER BY id", {"name": name})]

    # SecretStore

    def get(self, name: str, version: int | None = None) -> SealedSecret | None:
        """Return one version, the newest where none is named."""
        found = self._ask(_SECRET, {"name": name, "version": version})
        return read_secret(found[0]) if found else None

    # AuditSink, Checkpoints, LeaseBook

    def write(self, event: AuditEvent) -> AuditRecord:
        """Chain and keep one event durably; number and predecessor are decided inside the transaction."""
        (record,) = self.issue([], [event])
        return record

    def issue(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
        """Record leases together with the records that announce them: both or neither, durably."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            records = _append(connection, events)
            connection.executemany(_LEASE, [lease_row(lease) for lease in leases])
        return records

    def end(self, holder: str, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """End every open lease of ``holder``, each announced in the log; a second call finds none."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            rows = connection.execute("SELECT * FROM leases WHERE holder = ? AND ended = ''", (holder,)).fetchall()
            ended = [read_lease(row) for row in rows]
            _append(connection, [announce(lease) for lease in ended])
            connection.execute("UPDATE leases SET ended = ? WHERE holder = ? AND ended = ''", (now.isoformat(), holder))
        return ended

    def head(self) -> LogHead:
        """Return where the audit log stands."""
        with self._transaction("BEGIN") as connection:
            seq, last = _last(connection)
            store = connection.execute("SELECT value FROM facts WHERE name = 'store'").fetchone()
            vouched = connection.execute("SELECT max(seq) AS top FROM checkpoints").fetchone()
        return LogHead(str(store.value), seq, last, int(vouched.top or 0)) if store else self._rest.head()

    def _ask(self, query: str, values: Mapping[str, object]) -> Sequence[Any]:
        with self._transaction("BEGIN") as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with self._lock:
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise explain(error) from None
            finally:
                if connection.in_transaction:  # whatever stopped it
                    connection.execute("ROLLBACK")


def _whole(home: str) -> SqlState:
    try:
        from pipeline_guard.adapters.sql.state import SqlState
    except ImportError:
        raise Unavailable("SQLAlchemy is not installed", 'pip install "pipeline-guard[hsm]"') from None
    return SqlState.open(home)


def _opened(path: Path) -> sqlite3.Connection | None:
    """Open a store of this version; None for any other and for none: ``SqlState`` looks again, and says what to do."""
    connection = None
    try:
        if path.stat().st_size:  # connecting would make the file
            connection = connect(path)
            connection.row_factory = _named
            found = connection.execute("SELECT value FROM facts WHERE name = 'schema'").fetchone()
            if found and found.value == str(SCHEMA_VERSION):
                return connection
    except (OSError, sqlite3.Error):
        pass
    if connection:
        connection.close()
    return None


def _named(cursor: sqlite3.Cursor, row: Sequence[object]) -> SimpleNamespace:
    """Return a row whose columns are attributes, as SQLAlchemy's are."""
    return SimpleNamespace(**{column[0]: value for column, value in zip(cursor.description, row, strict=True)})


def _append(connection: sqlite3.Connection, events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
    """Chain events behind the last record and keep them."""
    if not events:
        return []
    seq, last = _last(connection)
    records: list[AuditRecord] = []
    for event in events:
        records.append(AuditRecord.linked(seq + len(records) + 1, records[-1].hash if records else last, event))
    rows = [(each.seq, each.hash, each.line()) for each in records]
    connection.executemany("INSERT INTO audit (seq, hash, line) VALUES (?, ?, ?)", rows)
    return records


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return (row.seq, str(row.hash)) if row else (0, FIRST)
