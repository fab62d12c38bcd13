# SPDX-License-Identifier: Apache-2.0
"""Leases as rows, and what engines made for them; every function works inside the caller's transaction.

``undo`` says how far a lease of an engine is: "due" (there is something to undo), "done", or "never" (only time ends it). "" is a
value that is kept in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.rows import DONE, DUE, read_lease, undo_of
from pipeline_guard.model.dynamic import Due, SealedHandle
from pipeline_guard.model.key import KeyRef, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease

_rows = tables.leases


def keep(connection: Connection, lease: Lease, handle: SealedHandle | None) -> bool:
    """Keep how a lease's value is undone; return whether the lease is still open. One that was settled meanwhile stays settled."""
    values: dict[str, object] = {"expires": lease.expires.isoformat(), "about": lease.about, "undo": undo_of(lease)}
    if handle is not None:
        key = handle.wrapping_key
        values |= {"key_name": key.name, "key_version": key.version, "key_id": key.id}
        values |= {"wrapped_key": handle.wrapped_key, "handle": handle.ciphertext}
    connection.execute(update(_rows).where(_rows.c.id == lease.id, _rows.c.undo != DONE).values(values))
    return connection.execute(select(_rows.c.ended).where(_rows.c.id == lease.id)).scalar() == ""


def take(connection: Connection, now: datetime, until: datetime, holder: str, most: int) -> Sequence[Due]:
    """Take what is due; whoever else looks before ``until`` does not see it."""
    moment = now.isoformat()
    here = (_rows.c.undo == DUE) & (_rows.c.next_try <= moment) & or_(_rows.c.ended != "", _rows.c.expires <= moment)
    if holder:
        here &= _rows.c.holder == holder
    query = select(_rows).where(here).order_by(_rows.c.next_try, _rows.c.issued).limit(most)
    if connection.dialect.name != "sqlite":  # there the transaction is the only writer already
        query = query.with_for_update(skip_locked=True)
    found = connection.execute(query).all()
    if found:
        taken = [row.id for row in found]
        connection.execute(update(_rows).where(_rows.c.id.in_(taken)).values(next_try=until.isoformat(), tried=_rows.c.tried + 1))
    return [Due(read_lease(row), _handle(row), row.tried + 1) for row in found]


def settle(connection: Connection, identifier: str, now: datetime, again: datetime | None) -> None:
    """Mark a lease as undone, its handle taken away; or as to be tried again."""
    here = _rows.c.id == identifier
    if again is not None:
        connection.execute(update(_rows).where(here, _rows.c.undo == DUE).values(next_try=again.isoformat()))
        return
    gone = {"undo": DONE, "next_try": "", "key_name": "", "key_version": 0, "key_id": "", "wrapped_key": None, "handle": None}
    connection.execute(update(_rows).where(here).values(gone))
    connection.execute(update(_rows).where(here, _rows.c.ended == "").values(ended=now.isoformat()))


def count_under(connection: Connection, name: str, version: int) -> int:
    """Return how many handles that are still needed are wrapped under a version of a key."""
    here = (_rows.c.key_name == name) & (_rows.c.key_version == version) & (_rows.c.undo == DUE)
    return int(connection.execute(select(func.count()).select_from(_rows).where(here)).scalar_one())


def _handle(row: Any) -> SealedHandle | None:
    if not isinstance(row.handle, bytes) or not isinstance(row.wrapped_key, bytes):
        return None
    key = KeyRef(row.key_name, row.key_version, KeyType.AES_256, KeyUsage.WRAP, row.key_id)
    return SealedHandle(key, row.wrapped_key, row.handle)
