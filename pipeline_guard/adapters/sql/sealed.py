# SPDX-License-Identifier: Apache-2.0
"""Sealed secrets as rows; every function works inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError as Duplicate

from pipeline_guard.adapters.sql import tables
from pipeline_guard.adapters.sql.rows import read_secret
from pipeline_guard.adapters.sql.times import text_of
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.sealed import SealedSecret, SecretChange

_rows = tables.secrets
_labels = tables.secret_labels


def add(connection: Connection, row: SealedSecret) -> None:
    """Keep a new version; raise UsageError where it exists (somebody else was faster)."""
    key = row.wrapping_key
    values = {
        "name": row.name,
        "version": row.version,
        "created": row.created.isoformat(),
        "key_name": key.name,
        "key_version": key.version,
        "key_id": key.id,
        "wrapped_key": row.wrapped_key,
        "ciphertext": row.ciphertext,
        "size": row.size,
        "format": row.format,
        "expires": text_of(row.expires),
        "labels": json.dumps(row.labels, ensure_ascii=False) if row.labels else "",
        "note": row.note,
        **_changing(row),
    }
    try:
        connection.execute(insert(_rows).values(values))
    except Duplicate:
        raise UsageError(f"version {row.version} of the secret {row.name} exists", "somebody else was faster: try again") from None
    connection.execute(delete(_labels).where(_labels.c.name == row.name))
    if row.labels:
        connection.execute(insert(_labels), [{"label": label, "value": value, "name": row.name} for label, value in row.labels])


def change(connection: Connection, changes: Sequence[SecretChange]) -> None:
    """Write changes; raise Unavailable where a version is no longer what ``before`` says."""
    for each in changes:
        before, after = each.before, each.after
        if before is None:
            add(connection, after)
            continue
        here = (_rows.c.name == before.name) & (_rows.c.version == before.version)
        for column, value in _changing(before).items():
            here &= _rows.c[column] == value
        values: dict[str, object] = dict(_changing(after))
        if after.revoked is not None:
            gone = {"key_name": "", "key_version": 0, "key_id": "", "wrapped_key": b"", "ciphertext": b""}
            values |= gone
        if connection.execute(update(_rows).where(here).values(values)).rowcount != 1:
            raise Unavailable(f"the secret {before.name} was just changed by somebody else", "look at it again: secrets show")


def versions(connection: Connection, name: str) -> Sequence[SealedSecret]:
    """Return every version of a secret, ascending."""
    return [read_secret(row) for row in connection.execute(select(_rows).where(_rows.c.name == name).order_by(_rows.c.version)).all()]


def newest(connection: Connection) -> Sequence[SealedSecret]:
    """Return the newest version of every secret by name."""
    return _newest(connection, select(_rows.c.name, func.max(_rows.c.version).label("top")))


def search(connection: Connection, prefix: str, labels: Sequence[tuple[str, str]]) -> Sequence[SealedSecret]:
    """Return the newest versions of secrets whose name begins with ``prefix`` and that carry all ``labels``."""
    query = select(_rows.c.name, func.max(_rows.c.version).label("top"))
    if prefix:  # names are ASCII
        query = query.where(_rows.c.name >= prefix, _rows.c.name < prefix + "\x7f")
    for label, value in labels:
        query = query.where(_rows.c.name.in_(select(_labels.c.name).where(_labels.c.label == label, _labels.c.value == value)))
    return _newest(connection, query)


def under(name: str, version: int) -> Any:
    """Return the condition that a row is wrapped under a version of a key."""
    return (_rows.c.key_name == name) & (_rows.c.key_version == version)


def count_under(connection: Connection, name: str, version: int) -> int:
    """Return how many versions of secrets are wrapped under a version of a key."""
    return int(connection.execute(select(func.count()).select_from(_rows).where(under(name, version))).scalar_one())


def forget(connection: Connection, name: str) -> int:
    """Remove every version of a secret; return how many there were."""
    connection.execute(delete(_labels).where(_labels.c.name == name))
    return int(connection.execute(delete(_rows).where(_rows.c.name == name)).rowcount)


def due(connection: Connection, now: datetime) -> Sequence[str]:
    """Return the names of deleted secrets whose waiting time is over."""
    query = select(_rows.c.name).where(_rows.c.destroys != "", _rows.c.destroys <= now.isoformat()).distinct().order_by(_rows.c.name)
    return [row.name for row in connection.execute(query).all()]


def _newest(connection: Connection, query: Select[Any]) -> Sequence[SealedSecret]:
    found = query.group_by(_rows.c.name).subquery()
    joined = select(_rows).join(found, (_rows.c.name == found.c.name) & (_rows.c.version == found.c.top)).order_by(_rows.c.name)
    return [read_secret(row) for row in connection.execute(joined).all()]


def _changing(row: SealedSecret) -> dict[str, str]:
    """Return the columns that change during a version's life."""
    return {"stops": text_of(row.stops), "revoked": text_of(row.revoked), "destroys": text_of(row.destroys)}
