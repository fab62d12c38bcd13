# SPDX-License-Identifier: Apache-2.0
"""Advisories in one SQLite file: read as it lies, never written to; written beside the old one and swapped at once."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.advisory import AdvisoryRow

_FORMAT = "1"
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (ecosystem TEXT NOT NULL, id TEXT NOT NULL, modified TEXT NOT NULL, PRIMARY KEY (ecosystem, id)) WITHOUT ROWID;
CREATE TABLE affected (ecosystem TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
                       PRIMARY KEY (ecosystem, name, id)) WITHOUT ROWID;
CREATE INDEX affected_by_id ON affected (ecosystem, id);
"""
_HINT = "pipeline-guard advisories build makes it anew"


class SqliteAdvisories:
    """One database file, opened read-only and immutable: no journal beside it counts."""

    def __init__(self, path: str) -> None:
        self._path = path

    def about(self, wanted: Collection[tuple[str, str]]) -> Sequence[AdvisoryRow]:
        """Return every row of the packages, each (ecosystem, name as looked up)."""
        try:
            connection = _reading(self._path)
            try:
                if connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() != (_FORMAT,):
                    raise Unavailable(f"{self._path}: a database of another version", _HINT)
                found = []
                for ecosystem, name in wanted:
                    rows = connection.execute("SELECT id, body FROM affected WHERE ecosystem = ? AND name = ?", (ecosystem, name))
                    found += [AdvisoryRow(ecosystem, name, str(identifier), str(body)) for identifier, body in rows]
                return found
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise Unavailable(f"{self._path}: not a usable database of advisories: {error}", _HINT) from None


class SqliteDraft:
    """A database in the making."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, ecosystem: str, identifier: str, modified: str, rows: Sequence[AdvisoryRow]) -> None:
        """Keep a record in place of what was known under its name; one without rows is remembered as withdrawn."""
        self._connection.execute("DELETE FROM affected WHERE ecosystem = ? AND id = ?", (ecosystem, identifier))
        self._connection.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (ecosystem, identifier, modified))
        self._connection.executemany(
            "INSERT OR REPLACE INTO affected VALUES (?, ?, ?, ?)", [(row.ecosystem, row.name, row.id, row.body) for row in rows]
        )

    def newest(self) -> dict[str, str]:
        """Return the time of the last change by ecosystem."""
        return dict(self._connection.execute("SELECT ecosystem, max(modified) FROM record GROUP BY ecosystem"))

    def counts(self) -> dict[str, int]:
        """Return the number of records by ecosystem, withdrawn ones included."""
        return dict(self._connection.execute("SELECT ecosystem, count(*) FROM record GROUP BY ecosystem ORDER BY ecosystem"))


class SqlitePress:
    """Where databases are made."""

    @contextmanager
    def draft(self, path: str, *, keep: bool) -> Iterator[SqliteDraft]:
        """Begin what replaces ``path`` when the block ends well, with ``keep`` from what it holds now."""
        target = Path(os.path.realpath(path))
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {(error.strerror or 'not possible').lower()}", "name a file in a folder") from None
        os.close(descriptor)
        try:
            connection = sqlite3.connect(name)
            try:
                connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;")
                if keep:
                    with _reading(path) as old:
                        old.backup(connection)
                    old.close()
                else:
                    connection.executescript(_TABLES)
                    connection.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))
                yield SqliteDraft(connection)
                connection.commit()
                if not keep:
                    connection.execute("VACUUM")
            finally:
                connection.close()
            with open(name, "rb") as stream:  # noqa: PTH123 a descriptor is wanted
                os.fsync(stream.fileno())
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            os.replace(name, target)
        except sqlite3.Error as error:
            raise Unavailable(f"{path}: the database cannot be written: {error}", _HINT) from None
        except OSError as error:
            raise UsageError(f"cannot write {path}: {(error.strerror or 'not possible').lower()}", "is there room on the disk?") from None
        finally:
            Path(name).unlink(missing_ok=True)


def _reading(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(Path(path).absolute()))}?mode=ro&immutable=1", uri=True)
