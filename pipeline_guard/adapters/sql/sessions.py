# SPDX-License-Identifier: Apache-2.0
"""What brokers share, as rows: used identity tokens, proofs, counts, approvals. Every function works inside the caller's transaction.

Whoever changes something is alone (see ``engines``): between the look and the write nobody else is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.times import aware
from pipeline_guard.errors import IntegrityError, Replayed, Throttled
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use

_rows = tables.sessions.c
# on the way of every lease: built once
_BY_TOKEN = select(tables.sessions).where(_rows.token == bindparam("token"))
_BY_SECRET = select(tables.sessions).where(_rows.secret == bindparam("secret"))
_SESSION, _PROOF, _GRANT = insert(tables.sessions), insert(tables.proofs), insert(tables.grants)
_CLOSED = select(func.min(_rows.closed)).where(_rows.holder == bindparam("job"))
_USED = select(tables.proofs.c.id).where(tables.proofs.c.id == bindparam("id"))


@cache
def _counting(dialect: str) -> Any:
    """Return what counts one more, in the words of one database; what knows the other is not imported."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite as words
    else:
        from sqlalchemy.dialects import postgresql as words  # type: ignore[no-redef]
    one_more = {"number": tables.counts.c.number + 1}
    return words.insert(tables.counts).on_conflict_do_update(index_elements=["bucket"], set_=one_more).returning(tables.counts.c.number)


def redeem(connection: Connection, session: Session, may_repeat: Callable[[Session], bool]) -> None:
    """Use an identity token up; raise Replayed where it was, and the earlier session may not be repeated."""
    earlier = connection.execute(_BY_TOKEN, {"token": session.token}).first()
    values = _row(session)
    if earlier is None:
        connection.execute(_SESSION, values)
        return
    before = _read(earlier)
    if not may_repeat(before):
        raise Replayed("the identity token was used before", "ask the forge for a fresh one: each is good for one request")
    connection.execute(update(tables.sessions).where(_rows.token == session.token).values({**values, "tries": before.tries + 1}))


def find(connection: Connection, secret: str) -> Session | None:
    """Return the session of a token's digest."""
    row = connection.execute(_BY_SECRET, {"secret": secret}).first()
    return None if row is None else _read(row)


def close(connection: Connection, job: str) -> None:
    """Close every session of a job."""
    connection.execute(update(tables.sessions).where(_rows.holder == job).values(closed=1))


def check_open(connection: Connection, job: str) -> None:
    """Raise IntegrityError where all sessions of a job were closed, perhaps a moment ago: whatever it got now, nobody would end."""
    if connection.execute(_CLOSED, {"job": job}).scalar() == 1:
        raise IntegrityError("the session does not verify", "the job has ended, or its leases were revoked")


def spend(connection: Connection, use: Use, kept: datetime) -> None:
    """Use a proof up, count, and note under which name leases are held; raise Replayed where the proof was used, Throttled."""
    if connection.execute(_USED, {"id": use.proof}).first() is not None:
        raise Replayed("the proof of possession was used before", "make a fresh one for each request")
    connection.execute(_PROOF, {"id": use.proof, "until": use.until.isoformat()})
    count(connection, use.limits, use.now)
    if use.grant:
        connection.execute(_GRANT, {"holder": use.grant, "job": use.job, "until": kept.isoformat()})


def grants(connection: Connection, job: str) -> Sequence[str]:
    """Return the names under which the leases of a job are held."""
    query = select(tables.grants.c.holder).where(tables.grants.c.job == job).order_by(tables.grants.c.holder)
    return [row.holder for row in connection.execute(query).all()]


def count(connection: Connection, limits: Sequence[Limit], now: datetime) -> None:
    """Count one more in each bucket; raise Throttled where one is full."""
    for limit in limits:
        seconds = int(limit.window.total_seconds())
        begun = int(now.timestamp()) // seconds * seconds
        name = hashlib.sha256(f"{limit.bucket}\n{seconds}\n{begun}".encode()).hexdigest()
        row = {"bucket": name, "number": 1, "until": datetime.fromtimestamp(begun + seconds, UTC).isoformat()}
        if connection.execute(_counting(connection.dialect.name), row).scalar_one() > limit.most:
            kind = limit.bucket.partition(":")[0]
            raise Throttled(f"too many requests of this {kind}", f"at most {limit.most} in {limit.window}; wait, and try again")


def keep_approval(connection: Connection, approval: StoredApproval) -> None:
    """Keep an approval in place of an earlier one."""
    table = tables.secret_approvals
    connection.execute(delete(table).where(table.c.topic == approval.topic, table.c.approver == approval.approver))
    values = {"topic": approval.topic, "approver": approval.approver, "content": approval.content, "until": approval.until.isoformat()}
    connection.execute(insert(table).values(values))


def approvals(connection: Connection, topic: str, now: datetime) -> Sequence[StoredApproval]:
    """Return the approvals on a topic that are not over."""
    table = tables.secret_approvals.c
    rows = connection.execute(select(tables.secret_approvals).where(table.topic == topic).order_by(table.approver)).all()
    found = [StoredApproval(row.topic, row.approver, row.content, aware(row.until)) for row in rows]
    return [each for each in found if each.until > now]


def prune(connection: Connection, now: datetime) -> int:
    """Remove what is over."""
    ends = (tables.sessions.c.kept, tables.grants.c.until, tables.proofs.c.until, tables.counts.c.until, tables.secret_approvals.c.until)
    return sum(int(connection.execute(delete(end.table).where(end < now.isoformat())).rowcount) for end in ends)


def _row(session: Session) -> dict[str, object]:
    return {
        "token": session.token,
        "secret": session.secret,
        "key": session.key,
        "request": session.request,
        "holder": session.holder,
        "name": session.name[:256],
        "claims": json.dumps(dict(session.claims), sort_keys=True, separators=(",", ":")),
        "issued": session.issued.isoformat(),
        "ends": session.ends.isoformat(),
        "kept": session.kept.isoformat(),
        "tries": session.tries,
        "closed": int(session.closed),
    }


def _read(row: Any) -> Session:
    try:
        claims = json.loads(row.claims)
        issued, ends, kept = (aware(text) for text in (row.issued, row.ends, row.kept))
        return Session(
            row.token, row.secret, row.key, row.request, row.holder, row.name, claims, issued, ends, kept, int(row.tries), bool(row.closed)
        )
    except (ValueError, TypeError):
        raise IntegrityError("the stored row of a session is damaged", "restore the store from a backup") from None
