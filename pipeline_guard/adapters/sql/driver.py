# SPDX-License-Identifier: Apache-2.0
"""The embedded database as its own driver opens it, and what that driver complains about; nothing here needs SQLAlchemy."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from pipeline_guard.errors import Unavailable

BUSY = 60  # seconds to wait for another process of ours
SCHEMA_VERSION = 6  # of the newest migration; a store of an older one is brought up when it is opened

# what a message says, in lower case -> what we say, and what to do; the first that fits
_FAULTS = (
    (("malformed", "not a database"), "the store is damaged", "restore store.db of the home folder from a backup; nothing was changed"),
    (("locked", "busy"), "the store is in use by another process for too long", "try again"),
    (("readonly", "read-only"), "the store cannot be written", "check the permissions of the home folder and of store.db"),
    (("full", "disk i/o"), "the store cannot be written: the disk is full", "free some space; nothing was lost"),
    (("no such table", "no such column"), "the store lacks a table: it is not ours, or damaged", "check PIPELINE_GUARD_HOME"),
    (("unable to open",), "the store cannot be opened", "check the permissions of the home folder"),
)


def connect(path: Path, journal: str = "WAL") -> sqlite3.Connection:
    """Open a database file; ``journal`` is SQLite's journal mode. Transactions begin where somebody begins them, and nowhere else."""
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        _set_journal(connection, journal)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_journal(connection: sqlite3.Connection, journal: str) -> None:
    """Set the journal mode, which SQLite refuses at once, without the usual patience, where somebody else is just setting it."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode={journal}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def explain(error: sqlite3.Error, shown: str = "") -> Unavailable:
    """Return what a complaint of the driver means; ``shown`` is the class it came in, for what nobody knows."""
    text = str(error).lower()
    for words, what, hint in _FAULTS:
        if any(word in text for word in words):
            return Unavailable(what, hint)
    kind = "damaged" if isinstance(error, sqlite3.DatabaseError) else "unusable"
    return Unavailable(f"the store is {kind}: {shown or type(error).__name__}", "check the home folder")
