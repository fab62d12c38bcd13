# SPDX-License-Identifier: Apache-2.0
"""The search rows; every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from pipeline_guard.adapters.sql.tables import searches, secrets
from pipeline_guard.model.key import KeyRef, KeyType, KeyUsage
from pipeline_guard.model.sealed import SearchRow


def keep(connection: Connection, row: SearchRow) -> None:
    """Keep a row in place of the one of its name and version."""
    connection.execute(delete(searches).where((searches.c.name == row.name) & (searches.c.version == row.version)))
    values = {
        "name": row.name,
        "version": row.version,
        "key_name": row.wrapping_key.name,
        "key_version": row.wrapping_key.version,
        "key_id": row.wrapping_key.id,
        "wrapped_key": row.wrapped_key,
        "sealed": row.sealed,
    }
    connection.execute(insert(searches).values(values))


def rows(connection: Connection, most: int | None = None) -> Sequence[SearchRow]:
    """Return the rows of the secrets that are kept, by name and version, up to ``most``; of a deleted one nothing is searched."""
    same = (searches.c.name == secrets.c.name) & (searches.c.version == secrets.c.version)
    query = select(searches).join(secrets, same).order_by(searches.c.name, searches.c.version).limit(most)
    return [_row(row) for row in connection.execute(query).all()]


def forget(connection: Connection, name: str) -> None:
    """Remove the rows of a secret."""
    connection.execute(delete(searches).where(searches.c.name == name))


def kept(connection: Connection) -> Sequence[tuple[str, int]]:
    """Return name and version of every secret whose value is there: it is gone where it was revoked."""
    columns = secrets.c.name, secrets.c.version
    query = select(*columns).where(secrets.c.revoked == "").order_by(*columns)
    return [(row.name, row.version) for row in connection.execute(query).all()]


def _row(row: Any) -> SearchRow:
    ref = KeyRef(row.key_name, row.key_version, KeyType.AES_256, KeyUsage.WRAP, row.key_id)
    return SearchRow(row.name, row.version, ref, bytes(row.wrapped_key), bytes(row.sealed))
