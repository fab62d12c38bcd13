# SPDX-License-Identifier: Apache-2.0
"""Jobs whose forge is asked after them, as columns of their sessions; every function works inside the caller's transaction.

Several replicas share the questions: whoever takes a job moves its next time before anybody else looks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from pipeline_guard.adapters.sql import tables
from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.session import WatchedJob

_rows = tables.sessions.c


def take(connection: Connection, prefix: str, since: datetime, now: datetime, until: datetime, most: int) -> Sequence[WatchedJob]:
    """Take jobs that are due; one job may have several sessions, and is one job."""
    is_open = (_rows.closed == 0) & (_rows.ends > now.isoformat()) & (_rows.issued <= since.isoformat())
    is_due = (_rows.next_ask <= now.isoformat()) & _rows.holder.startswith(prefix, autoescape=True)
    query = select(tables.sessions).where(is_open, is_due).order_by(_rows.next_ask, _rows.issued).limit(most)
    found = {row.holder: _read(row) for row in connection.execute(query).all()}
    if found:
        connection.execute(update(tables.sessions).where(_rows.holder.in_(found)).values(next_ask=until.isoformat()))
    return list(found.values())


def again(connection: Connection, job: str, moment: datetime, tried: int) -> None:
    """Keep when a job is due again."""
    connection.execute(update(tables.sessions).where(_rows.holder == job).values(next_ask=moment.isoformat(), asked=tried))


def _read(row: Any) -> WatchedJob:
    try:
        return WatchedJob(row.holder, row.name, json.loads(row.claims), int(row.asked))
    except (ValueError, TypeError):
        raise IntegrityError("the stored row of a session is damaged", "restore the store from a backup") from None
