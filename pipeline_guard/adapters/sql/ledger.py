# SPDX-License-Identifier: Apache-2.0
"""Keys' records and their history as rows; every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError as Duplicate

from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.rows import DATES, read_event, read_key
from pipeline_guard.adapters.sql.times import aware, text_of
from pipeline_guard.errors import Denied, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyChange, KeyEvent, KeyIntent, KeyRecord, KeyRef, KeyType, KeyUsage


def add(connection: Connection, record: KeyRecord) -> None:
    """Keep a new record; raise UsageError where name and version exist."""
    ref = record.ref
    named = {"name": ref.name, "version": ref.version, "type": ref.type.value, "usage": ref.usage.value, "cka_id": ref.id}
    row = {
        **named,
        **_changing(record),
        "created": record.created.isoformat(),
        "token": record.token,
        "public_pem": record.public_pem,
    }
    try:
        connection.execute(insert(tables.keys).values(row))
    except Duplicate:
        raise UsageError(f"the key {ref.name} exists", "choose another name") from None
    forget(connection, ref.id)


def intend(connection: Connection, intent: KeyIntent) -> None:
    """Keep that a key is about to be made."""
    ref = intent.ref
    named = {"name": ref.name, "version": ref.version, "type": ref.type.value, "usage": ref.usage.value, "cka_id": ref.id}
    connection.execute(insert(tables.key_intents).values({**named, "token": intent.token, "begun": intent.begun.isoformat()}))


def intents(connection: Connection) -> Sequence[KeyIntent]:
    """Return every intent, the oldest first."""
    rows = connection.execute(select(tables.key_intents).order_by(tables.key_intents.c.begun, tables.key_intents.c.cka_id)).all()
    try:
        return [
            KeyIntent(KeyRef(row.name, row.version, KeyType(row.type), KeyUsage(row.usage), row.cka_id), row.token, aware(row.begun))
            for row in rows
        ]
    except (ValueError, TypeError):
        raise IntegrityError("the note of a key that was begun is damaged", "restore the store from a backup") from None


def forget(connection: Connection, identifier: str) -> None:
    """Take the intent of a key away; there may be none."""
    connection.execute(delete(tables.key_intents).where(tables.key_intents.c.cka_id == identifier))


def versions(connection: Connection, name: str) -> Sequence[KeyRecord]:
    """Return every version of a key, ascending."""
    rows = connection.execute(select(tables.keys).where(tables.keys.c.name == name).order_by(tables.keys.c.version)).all()
    return [read_key(row) for row in rows]


def change(connection: Connection, changes: Sequence[KeyChange], nonce: str, now: datetime) -> None:
    """Write changes and their events together; raise Unavailable where a record is no longer what ``before`` says.

    ``nonce`` names the approved request that these changes use up; raise Denied where it was used before.
    """
    if nonce:
        try:
            connection.execute(insert(tables.approvals).values(nonce=nonce, used=now.isoformat()))
        except Duplicate:
            raise Denied("these approvals were used already", "make a new request, and have that approved") from None
    for each in changes:
        if each.before is None:
            add(connection, each.after)
        else:
            here = (tables.keys.c.name == each.before.ref.name) & (tables.keys.c.version == each.before.ref.version)
            same = here & (tables.keys.c.revision == each.before.revision)
            if connection.execute(update(tables.keys).where(same).values(_changing(each.after))).rowcount != 1:
                raise Unavailable(f"the key {each.before.ref.name} was just changed by somebody else", "look at it again: keys show")
        connection.execute(insert(tables.key_events).values(_event_row(each.event)))


def history(connection: Connection, name: str) -> Sequence[KeyEvent]:
    """Return what happened to all versions of a key, in order."""
    rows = connection.execute(select(tables.key_events).where(tables.key_events.c.name == name).order_by(tables.key_events.c.id)).all()
    return [read_event(row) for row in rows]


def reserve(connection: Connection, name: str, version: int, count: int) -> int:
    """Count invocations before they happen; return how many there are now, these included."""
    here = (tables.keys.c.name == name) & (tables.keys.c.version == version)
    connection.execute(update(tables.keys).where(here).values(invocations=tables.keys.c.invocations + count))
    return int(connection.execute(select(tables.keys.c.invocations).where(here)).scalar() or 0)


def _changing(record: KeyRecord) -> dict[str, object]:
    """Return the columns that change during a key's life."""
    dates: dict[str, object] = {name: text_of(getattr(record, name)) for name in DATES}
    return {"state": record.state.value, "erases": int(record.erases), "revision": record.revision, **dates}


def _event_row(event: KeyEvent) -> dict[str, object]:
    return {
        "name": event.name,
        "version": event.version,
        "time": event.time.isoformat(),
        "command": event.command.value,
        "before": event.before.value if event.before else "",
        "after": event.after.value,
        "actor": event.actor,
        "why": event.why,
        "approvers": "\n".join(event.approvers),
    }
