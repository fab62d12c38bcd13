# SPDX-License-Identifier: Apache-2.0
"""What databases complain about, in our words: foreign texts may name hosts and users, and are not shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from pipeline_guard.adapters.sql.driver import explain
from pipeline_guard.errors import GuardError, Unavailable

_LOOK = "is the server up, and is its address right? PIPELINE_GUARD_STORE_URL or store.url names it"

# SQLSTATE, or its class (PostgreSQL 15, appendix A)
_STATES = {
    "25006": ("the store's server only reads: it is a standby, or set so", "name the primary server in the store's URL"),
    "28": ("the store's server does not let us in", "check user, password or certificate; PGPASSFILE or env:NAME carries the password"),
    "3D": ("the store's server has no such database", "create it, and name it in the store's URL"),
    "42501": ("the store's user lacks a right in its database", "it must own its tables, or at first be allowed to create them"),
    "42P01": ("the store lacks a table: it is not ours, or damaged", "check the store's URL"),
    "42703": ("the store lacks a column: it is not ours, or damaged", "check the store's URL"),
    "53100": ("the store cannot be written: the server's disk is full", "free some space there; nothing was lost"),
    "53300": ("the store's server has no connection left for us", "try again, or raise its max_connections"),
    "55P03": ("the store is in use by another process for too long", "try again"),
    "57014": ("the store took too long to answer", "try again; look at the load of its server"),
    "57P": ("the store's server was stopped", "nothing was lost; try again when it is up"),
    "08": ("the store's server cannot be reached", _LOOK),
    "XX": ("the store is damaged", "look into the log of its server"),
}

_CONNECTING = (
    (("password", "authentication", "pg_hba", "role "), *_STATES["28"]),
    (("database ",), *_STATES["3D"]),
    (("ssl", "certificate", "tls"), "the store's server does not prove who it is", "check sslmode and sslrootcert of the store's URL"),
    (("too many", "remaining connection"), *_STATES["53300"]),
    (("starting up", "shutting down", "terminating"), *_STATES["57P"]),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a database raises into Unavailable with a hint."""
    try:
        yield
    except GuardError:
        raise
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _explain(error) from None


def _explain(error: Exception) -> GuardError:
    origin = getattr(error, "orig", None) or error
    text = str(origin).lower()
    if isinstance(origin, sqlite3.Error):
        return explain(origin, type(error).__name__)
    if type(origin).__module__.startswith("psycopg"):
        return _explain_server(origin, text)
    kind = "damaged" if isinstance(error, DatabaseError | sqlite3.DatabaseError) else "unusable"
    return Unavailable(f"the store is {kind}: {type(error).__name__}", "check the home folder")


def _explain_server(origin: BaseException, text: str) -> GuardError:
    state = str(getattr(origin, "sqlstate", None) or "")
    for length in (5, 3, 2):
        if len(state) == 5 and state[:length] in _STATES:
            return Unavailable(*_STATES[state[:length]])
    if state:
        return Unavailable(f"the store is unusable: {type(origin).__name__}", f"its server said SQLSTATE {state}")
    for words, what, hint in _CONNECTING:
        if any(word in text for word in words):
            return Unavailable(what, hint)
    return Unavailable(*_STATES["08"])
