# SPDX-License-Identifier: Apache-2.0
"""Sealed files that depend on keys, as rows; every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from pipeline_guard.adapters.sql.tables import sealed_files


def keep(connection: Connection, file: str, keys: Sequence[tuple[str, int]], now: datetime) -> None:
    """Keep that exactly these keys open a file."""
    connection.execute(delete(sealed_files).where(sealed_files.c.file == file))
    for name, version in dict.fromkeys(keys):
        connection.execute(insert(sealed_files).values(file=file, key_name=name, key_version=version, since=now.isoformat()))


def count(connection: Connection, name: str, version: int) -> int:
    """Return how many files a version of a key opens."""
    here = (sealed_files.c.key_name == name) & (sealed_files.c.key_version == version)
    return int(connection.execute(select(func.count()).select_from(sealed_files).where(here)).scalar_one())
