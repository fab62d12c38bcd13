# SPDX-License-Identifier: Apache-2.0
"""Times as the tables keep them: ISO 8601 text with its zone, "" for none."""

from __future__ import annotations

from datetime import datetime


def text_of(time: datetime | None) -> str:
    """Return a time as a column keeps it."""
    return time.isoformat() if time else ""


def time_of(column: str) -> datetime | None:
    """Read a column; raise ValueError for what is no time with its zone."""
    return None if column == "" else aware(column)


def aware(column: str) -> datetime:
    """Read a column that always holds a time; raise ValueError for anything else."""
    time = datetime.fromisoformat(column)
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time
