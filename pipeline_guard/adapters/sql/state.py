# SPDX-License-Identifier: Apache-2.0
"""The store: keys' records, sealed secrets, leases and the audit log in one database (see ``engines``).

Every change is one transaction that waits for its turn before it looks at anything, so that many processes queue instead of failing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, bindparam, delete, insert, select, update

from pipeline_guard.adapters.sql import boundaries, creation, files, ledger, made, sealed, searches, sessions, tables, trail, watched
from pipeline_guard.adapters.sql.engines import embedded, server
from pipeline_guard.adapters.sql.faults import translated
from pipeline_guard.adapters.sql.group import GroupCommit
from pipeline_guard.adapters.sql.rows import lease_row as _lease_row
from pipeline_guard.adapters.sql.rows import read_key, read_secret
from pipeline_guard.adapters.sql.rows import read_lease as _lease
from pipeline_guard.model.boundary import Boundary
from pipeline_guard.model.dynamic import Due, SealedHandle
from pipeline_guard.model.event import AuditEvent, AuditRecord, Checkpoint, LogHead
from pipeline_guard.model.key import Dependents, KeyChange, KeyEvent, KeyIntent, KeyRecord
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret, SearchRow, SecretChange
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use, WatchedJob


def _newest_of(table: Table) -> Select[Any]:
    return select(table).where(table.c.name == bindparam("name")).order_by(table.c.version.desc()).limit(1)


# asked for each value that is handed out: built once
_KEY, _SECRET = _newest_of(tables.keys), _newest_of(tables.secrets)
_KEY_VERSION = _KEY.where(tables.keys.c.version == bindparam("version"))
_SECRET_VERSION = _SECRET.where(tables.secrets.c.version == bindparam("version"))
_LEASE = insert(tables.leases)
_AFTERWARDS = timedelta(days=1)  # leases may be renewed; their grant is known for longer than they live


class SqlState:
    """One database behind all the doors of a store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        # on a server a transaction around one question costs two round trips more
        self._asking = engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._group = GroupCommit(self._change, _issued)
        weakref.finalize(self, engine.dispose)  # a server is told goodbye, at the latest when the process ends

    @staticmethod
    def open(home: str) -> SqlState:
        """Open the embedded store, creating it at first need; raise Unavailable where it cannot be used."""
        file = creation.embedded_file(home)
        state = SqlState(embedded(file))
        creation.bring_up(state._engine, file)
        return state

    @staticmethod
    def connect(url: str) -> SqlState:
        """Open the store in a PostgreSQL database, creating its tables at first need; raise Unavailable where it cannot be used."""
        state = SqlState(server(url))
        creation.bring_up(state._engine)
        return state

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        with translated(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        with translated(), self._asking.connect() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """Read more than one answer holds, or several answers that belong together."""
        with translated(), self._engine.connect() as connection:
            yield connection

    # KeyRegister

    def add_key(self, record: KeyRecord) -> None:
        """Keep a key's record; raise UsageError where name and version exist."""
        with self._change() as connection:
            ledger.add(connection, record)

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        """Return a key's record, the newest version where none is named."""
        with self._look() as connection:
            row = connection.execute(_KEY if version is None else _KEY_VERSION, {"name": name, "version": version}).first()
        return None if row is None else read_key(row)

    def all_keys(self) -> Sequence[KeyRecord]:
        """Return every key's record by name and version."""
        with self._look() as connection:
            rows = connection.execute(select(tables.keys).order_by(tables.keys.c.name, tables.keys.c.version)).all()
        return [read_key(row) for row in rows]

    # KeyLedger, InvocationCounter

    def versions(self, name: str) -> Sequence[KeyRecord]:
        """Return every version of a key, ascending."""
        with self._look() as connection:
            return ledger.versions(connection, name)

    def change(self, changes: Sequence[KeyChange], now: datetime, nonce: str = "") -> None:
        """Write changes of records and their events in one transaction."""
        with self._change() as connection:
            ledger.change(connection, changes, nonce, now)

    def history(self, name: str) -> Sequence[KeyEvent]:
        """Return what happened to a key, in order."""
        with self._look() as connection:
            return ledger.history(connection, name)

    def reserve(self, name: str, version: int, count: int) -> int:
        """Count invocations of a wrapping key before they happen."""
        with self._change() as connection:
            return ledger.reserve(connection, name, version, count)

    # KeyIntents

    def intend(self, intent: KeyIntent) -> None:
        """Keep durably that a key is about to be made."""
        with self._change() as connection:
            ledger.intend(connection, intent)

    def intents(self) -> Sequence[KeyIntent]:
        """Return what was begun and neither written down nor forgotten."""
        with self._look() as connection:
            return ledger.intents(connection)

    def forget(self, intent: KeyIntent) -> None:
        """Take an intent away."""
        with self._change() as connection:
            ledger.forget(connection, intent.ref.id)

    # SealedFiles

    def keep_file(self, file: str, keys: Sequence[tuple[str, int]], now: datetime) -> None:
        """Keep that exactly these keys open a file."""
        with self._change() as connection:
            files.keep(connection, file, keys, now)

    def dependents(self, name: str, version: int) -> Dependents:
        """Return how much a version of a key still opens."""
        with self._read() as connection:
            secrets = sealed.count_under(connection, name, version) + made.count_under(connection, name, version)
            return Dependents(secrets, files.count(connection, name, version))

    # BoundaryBook

    def boundary(self, serial: str) -> Boundary | None:
        """Return the last judgement of a token; one that cannot be read counts as none."""
        with self._look() as connection:
            text = connection.execute(select(tables.facts.c.value).where(tables.facts.c.name == _boundary_name(serial))).scalar()
        return None if text is None else boundaries.read(text)

    def keep_boundary(self, boundary: Boundary) -> None:
        """Keep a judgement in place of the one before."""
        name = _boundary_name(boundary.facts.serial)
        with self._change() as connection:
            connection.execute(delete(tables.facts).where(tables.facts.c.name == name))
            connection.execute(insert(tables.facts).values(name=name, value=boundaries.write(boundary)))

    # SecretStore, SecretLedger, SecretRemoval

    def put(self, row: SealedSecret) -> None:
        """Keep one version; raise UsageError where it exists (somebody else was faster)."""
        with self._change() as connection:
            sealed.add(connection, row)

    def secret_versions(self, name: str) -> Sequence[SealedSecret]:
        """Return every version of a secret, ascending."""
        with self._look() as connection:
            return sealed.versions(connection, name)

    def change_secrets(self, changes: Sequence[SecretChange], now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Write changes, and end the leases of what is revoked or deleted, in one transaction."""
        gone = [each.after for each in changes if each.after.revoked is not None or each.after.destroys is not None]

        def work(connection: Connection) -> Sequence[Lease]:
            sealed.change(connection, changes)
            return [lease for row in gone for lease in _end(connection, _of_version(row.name, row.version), now, announce)]

        return self._group.run(work)

    def search_secrets(self, prefix: str, labels: Sequence[tuple[str, str]]) -> Sequence[SealedSecret]:
        """Return the newest versions of secrets with a prefix and labels."""
        with self._look() as connection:
            return sealed.search(connection, prefix, labels)

    def get(self, name: str, version: int | None = None) -> SealedSecret | None:
        """Return one version, the newest where none is named."""
        with self._look() as connection:
            row = connection.execute(_SECRET if version is None else _SECRET_VERSION, {"name": name, "version": version}).first()
        return None if row is None else read_secret(row)

    def list(self) -> Sequence[SealedSecret]:
        """Return the newest version of every secret by name."""
        with self._look() as connection:
            return sealed.newest(connection)

    # WrappedRows

    def count_under(self, name: str, version: int) -> int:
        """Return how many secret versions are wrapped under a version of a key."""
        with self._look() as connection:
            return sealed.count_under(connection, name, version)

    def rows_under(self, name: str, version: int, after: tuple[str, int], limit: int) -> Sequence[SealedSecret]:
        """Return up to ``limit`` of them behind ``after``."""
        table = tables.secrets.c
        behind = (table.name > after[0]) | ((table.name == after[0]) & (table.version > after[1]))
        query = select(tables.secrets).where(sealed.under(name, version), behind).order_by(table.name, table.version).limit(limit)
        with self._look() as connection:
            return [read_secret(row) for row in connection.execute(query).all()]

    def rewrap(self, before: SealedSecret, after: SealedSecret) -> bool:
        """Replace the wrapped key of a row that is still as ``before``."""
        table = tables.secrets.c
        same = (table.name == before.name) & (table.version == before.version) & (table.wrapped_key == before.wrapped_key)
        key = after.wrapping_key
        values = {"key_name": key.name, "key_version": key.version, "key_id": key.id, "wrapped_key": after.wrapped_key}
        with self._change() as connection:
            return connection.execute(update(tables.secrets).where(same).values(values)).rowcount == 1

    def delete(self, name: str) -> int:
        """Remove every version; return how many there were."""
        with self._change() as connection:
            searches.forget(connection, name)
            return sealed.forget(connection, name)

    def due(self, now: datetime) -> Sequence[str]:
        """Return the names of deleted secrets whose waiting time is over."""
        with self._look() as connection:
            return sealed.due(connection, now)

    # SearchIndex

    def keep_row(self, row: SearchRow) -> None:
        """Keep a search row in place of the one of its name and version."""
        with self._change() as connection:
            searches.keep(connection, row)

    def search_rows(self, most: int | None = None) -> Sequence[SearchRow]:
        """Return the search rows of the secrets that are kept, or the first ``most``."""
        with self._look() as connection:
            return searches.rows(connection, most)

    def versions_kept(self) -> Sequence[tuple[str, int]]:
        """Return name and version of every secret."""
        with self._look() as connection:
            return searches.kept(connection)

    # LeaseBook

    def issue(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
        """Record leases together with the records that announce them: both or neither, durably."""
        records: Sequence[AuditRecord] = self._group.join((leases, events))
        return records

    def end(self, holder: str, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """End every open lease of ``holder``, each announced in the log; a second call finds none."""
        mine = (tables.leases.c.holder == holder) & (tables.leases.c.ended == "")
        return self._group.run(lambda connection: _end(connection, mine, now, announce))

    def open_leases(self, now: datetime) -> Sequence[Lease]:
        """Return the leases that are neither ended nor expired."""
        query = select(tables.leases).where(tables.leases.c.ended == "", tables.leases.c.expires > now.isoformat())
        with self._look() as connection:
            return [_lease(row) for row in connection.execute(query.order_by(tables.leases.c.issued)).all()]

    # MadeBook

    def keep_made(self, lease: Lease, handle: SealedHandle | None) -> bool:
        """Keep how a lease's value is undone; return whether the lease is still open."""
        return self._group.run(lambda connection: made.keep(connection, lease, handle))

    def take_due(self, now: datetime, until: datetime, holder: str = "", most: int = 100) -> Sequence[Due]:
        """Take what is to be undone, for this process alone until ``until``."""
        return self._group.run(lambda connection: made.take(connection, now, until, holder, most))

    def settle(self, due: Due, event: AuditEvent, again: datetime | None) -> None:
        """Write what came of it, and its record, in one transaction."""

        def work(connection: Connection) -> None:
            trail.append(connection, [event])
            made.settle(connection, due.lease.id, event.time, again)

        self._group.run(work)

    # SessionBook, UseBook, LeaseTime, ApprovalBook

    def redeem(
        self,
        session: Session,
        use: Use,
        leases: Sequence[Lease],
        events: Sequence[AuditEvent],
        may_repeat: Callable[[Session], bool],
    ) -> None:
        """Use an identity token up together with what it is used for; raise Replayed, Throttled."""

        def work(connection: Connection) -> None:
            sessions.redeem(connection, session, may_repeat)
            sessions.spend(connection, use, session.kept)
            _issued(connection, [(leases, events)])

        self._group.run(work)

    def session(self, secret: str) -> Session | None:
        """Return the session of a token's digest."""
        with self._look() as connection:
            return sessions.find(connection, secret)

    def close(self, job: str) -> None:
        """Close every session of a job."""
        self._group.run(lambda connection: sessions.close(connection, job))

    def use(self, use: Use, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> None:
        """Use a proof up together with what it is used for; raise Replayed, Throttled, IntegrityError."""

        def work(connection: Connection) -> None:
            if leases:
                sessions.check_open(connection, use.job)
            sessions.spend(connection, use, max((use.until, *(lease.expires for lease in leases))) + _AFTERWARDS)
            _issued(connection, [(leases, events)])

        self._group.run(work)

    def grants(self, job: str) -> Sequence[str]:
        """Return the names under which the leases of a job are held."""
        with self._look() as connection:
            return sessions.grants(connection, job)

    def prune(self, now: datetime) -> int:
        """Forget what is over."""
        return self._group.run(lambda connection: sessions.prune(connection, now))

    def count(self, limits: Sequence[Limit], events: Sequence[AuditEvent], now: datetime) -> None:
        """Count and write records; raise Throttled."""

        def work(connection: Connection) -> None:
            sessions.count(connection, limits, now)
            trail.append(connection, events)

        self._group.run(work)

    def extend(self, holder: str, until: datetime, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Let the open leases of a holder live longer, never shorter; what an engine made ends when it was made to."""
        mine = (tables.leases.c.holder == holder) & (tables.leases.c.ended == "") & (tables.leases.c.expires > now.isoformat())
        mine &= tables.leases.c.engine == ""

        def work(connection: Connection) -> Sequence[Lease]:
            found = [_lease(row) for row in connection.execute(select(tables.leases).where(mine)).all()]
            longer = [replace(lease, expires=max(lease.expires, until)) for lease in found]
            trail.append(connection, [announce(lease) for lease in longer])
            for lease in longer:
                connection.execute(update(tables.leases).where(tables.leases.c.id == lease.id).values(expires=lease.expires.isoformat()))
            return longer

        return self._group.run(work)

    def keep_approval(self, approval: StoredApproval) -> None:
        """Keep an approval."""
        with self._change() as connection:
            sessions.keep_approval(connection, approval)

    def approvals(self, topic: str, now: datetime) -> Sequence[StoredApproval]:
        """Return the approvals on a topic that are not over."""
        with self._look() as connection:
            return sessions.approvals(connection, topic, now)

    # JobBook

    def take_jobs(self, prefix: str, since: datetime, now: datetime, until: datetime, most: int) -> Sequence[WatchedJob]:
        """Take jobs that are due, for this process alone until ``until``."""
        return self._group.run(lambda connection: watched.take(connection, prefix, since, now, until, most))

    def ask_again(self, job: str, again: datetime, tried: int) -> None:
        """Keep when a job is due again."""
        self._group.run(lambda connection: watched.again(connection, job, again, tried))

    # AuditSink, AuditLog

    def write(self, event: AuditEvent) -> AuditRecord:
        """Chain and keep one event durably; number and predecessor are decided inside the transaction."""
        (record,) = self.issue([], [event])
        return record

    def records(self) -> Iterator[bytes]:
        """Give every record's line in order."""
        with self._read() as connection:
            for row in connection.execute(select(tables.audit.c.line).order_by(tables.audit.c.seq)).yield_per(1000):
                yield _stored(row.line)

    # Checkpoints

    def head(self) -> LogHead:
        """Return where the audit log stands."""
        with self._read() as connection:
            return trail.head(connection)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint durably; one for the same record is there already for the same reason."""
        with self._change() as connection:
            trail.keep(connection, checkpoint)

    def checkpoints(self) -> Iterator[bytes]:
        """Give every checkpoint's line in order."""
        with self._read() as connection:
            for row in connection.execute(select(tables.checkpoints.c.line).order_by(tables.checkpoints.c.seq)).yield_per(1000):
                yield _stored(row.line)


def _issued(connection: Connection, parts: Sequence[tuple[Sequence[Lease], Sequence[AuditEvent]]]) -> Sequence[Sequence[AuditRecord]]:
    """Chain the events of all parts and keep their leases; return the records of each part."""
    records = iter(trail.append(connection, [event for _, events in parts for event in events]))
    leases = [_lease_row(lease) for part, _ in parts for lease in part]
    if leases:
        connection.execute(_LEASE, leases)
    return [list(islice(records, len(events))) for _, events in parts]


def _boundary_name(serial: str) -> str:
    return f"token {serial}"[:64]


def _stored(value: object) -> bytes:
    """Return a binary column's content; a row that somebody changed may hold another type, which then does not verify."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _of_version(name: str, version: int) -> Any:
    return (tables.leases.c.secret == name) & (tables.leases.c.version == version) & (tables.leases.c.ended == "")


def _end(connection: Connection, which: Any, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
    ended = [_lease(row) for row in connection.execute(select(tables.leases).where(which)).all()]
    trail.append(connection, [announce(lease) for lease in ended])
    connection.execute(update(tables.leases).where(which).values(ended=now.isoformat()))
    return ended
