# SPDX-License-Identifier: Apache-2.0
"""The audit log and its checkpoints as rows; every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from pipeline_guard.adapters.sql import tables
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord, Checkpoint, LogHead

_LAST = select(tables.audit.c.seq, tables.audit.c.hash).order_by(tables.audit.c.seq.desc()).limit(1)
_RECORD = insert(tables.audit)


def append(connection: Connection, events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
    """Chain events behind the last record and keep them."""
    if not events:
        return []
    seq, last = _last(connection)
    records: list[AuditRecord] = []
    for event in events:
        seq += 1
        records.append(AuditRecord.linked(seq, last, event))
        last = records[-1].hash
    connection.execute(_RECORD, [{"seq": each.seq, "hash": each.hash, "line": each.line()} for each in records])
    return records


def head(connection: Connection) -> LogHead:
    """Return where the log stands."""
    seq, last = _last(connection)
    store = str(connection.execute(select(tables.facts.c.value).where(tables.facts.c.name == "store")).scalar_one())
    return LogHead(store, seq, last, int(connection.execute(select(func.max(tables.checkpoints.c.seq))).scalar() or 0))


def keep(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint unless there is one for this record."""
    here = select(tables.checkpoints.c.seq).where(tables.checkpoints.c.seq == checkpoint.seq)
    if connection.execute(here).first() is None:
        connection.execute(insert(tables.checkpoints).values(seq=checkpoint.seq, line=checkpoint.line()))


def _last(connection: Connection) -> tuple[int, str]:
    row = connection.execute(_LAST).first()
    return (row.seq, str(row.hash)) if row else (0, FIRST)
