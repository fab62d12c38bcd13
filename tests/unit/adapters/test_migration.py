# SPDX-License-Identifier: Apache-2.0
"""Stores of every earlier version open, keep what they hold, and look like new ones."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.adapters.sql.tables import SCHEMA_VERSION
from pipeline_guard.errors import GuardError
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import Dependents, KeyRef, KeyType, KeyUsage
from pipeline_guard.model.sealed import SearchRow

# what version 1 created, with a row in each table
FIRST = """
CREATE TABLE facts (name VARCHAR(64) NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE keys (name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, type VARCHAR(32) NOT NULL, usage VARCHAR(16) NOT NULL,
  cka_id VARCHAR(64) NOT NULL, state VARCHAR(32) NOT NULL, created VARCHAR(40) NOT NULL, token VARCHAR(64) NOT NULL,
  public_pem TEXT NOT NULL, PRIMARY KEY (name, version));
CREATE TABLE secrets (name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, created VARCHAR(40) NOT NULL, key_name VARCHAR(128) NOT NULL,
  key_version INTEGER NOT NULL, key_id VARCHAR(64) NOT NULL, wrapped_key BLOB NOT NULL, ciphertext BLOB NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (name, version));
CREATE TABLE leases (id VARCHAR(64) NOT NULL, secret VARCHAR(128) NOT NULL, version INTEGER NOT NULL, holder VARCHAR(256) NOT NULL,
  issued VARCHAR(40) NOT NULL, expires VARCHAR(40) NOT NULL, ended VARCHAR(40) NOT NULL, PRIMARY KEY (id));
CREATE INDEX leases_by_holder ON leases (holder, ended);
CREATE TABLE audit (seq INTEGER NOT NULL, hash VARCHAR(64) NOT NULL, line BLOB NOT NULL, PRIMARY KEY (seq));
INSERT INTO facts VALUES ('schema', '1');
INSERT INTO keys VALUES ('store', 1, 'aes-256', 'wrap', 'abab', 'active', '2026-01-01T00:00:00+00:00', 'serial', '');
INSERT INTO secrets VALUES ('db', 1, '2026-01-01T00:00:00+00:00', 'store', 1, 'abab', x'01', x'02', 3);
INSERT INTO audit VALUES (1, 'aa', x'7b7d');
"""

# what version 2 created, with a row in the tables that matter
SECOND = """
CREATE TABLE facts ( name VARCHAR(64) NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name) );
CREATE TABLE keys ( name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, type VARCHAR(32) NOT NULL, usage VARCHAR(16) NOT NULL, cka_id
  VARCHAR(64) NOT NULL, state VARCHAR(32) NOT NULL, created VARCHAR(40) NOT NULL, token VARCHAR(64) NOT NULL, public_pem TEXT NOT NULL,
  activates VARCHAR(40) DEFAULT '' NOT NULL, expires VARCHAR(40) DEFAULT '' NOT NULL, stops VARCHAR(40) DEFAULT '' NOT NULL, deactivated
  VARCHAR(40) DEFAULT '' NOT NULL, compromised VARCHAR(40) DEFAULT '' NOT NULL, archived VARCHAR(40) DEFAULT '' NOT NULL, destroys
  VARCHAR(40) DEFAULT '' NOT NULL, erases INTEGER DEFAULT '0' NOT NULL, revision INTEGER DEFAULT '0' NOT NULL, invocations BIGINT DEFAULT
  '0' NOT NULL, PRIMARY KEY (name, version) );
CREATE TABLE key_events ( id INTEGER NOT NULL, name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, time VARCHAR(40) NOT NULL, command
  VARCHAR(32) NOT NULL, "before" VARCHAR(32) NOT NULL, "after" VARCHAR(32) NOT NULL, actor VARCHAR(256) NOT NULL, why TEXT NOT NULL,
  approvers TEXT NOT NULL, PRIMARY KEY (id) );
CREATE INDEX key_events_by_key ON key_events (name, version);
CREATE TABLE approvals ( nonce VARCHAR(64) NOT NULL, used VARCHAR(40) NOT NULL, PRIMARY KEY (nonce) );
CREATE TABLE secrets ( name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, created VARCHAR(40) NOT NULL, key_name VARCHAR(128) NOT
  NULL, key_version INTEGER NOT NULL, key_id VARCHAR(64) NOT NULL, wrapped_key BLOB NOT NULL, ciphertext BLOB NOT NULL, size INTEGER NOT
  NULL, format INTEGER DEFAULT '1' NOT NULL, expires VARCHAR(40) DEFAULT '' NOT NULL, labels TEXT DEFAULT '' NOT NULL, note TEXT DEFAULT
  '' NOT NULL, stops VARCHAR(40) DEFAULT '' NOT NULL, revoked VARCHAR(40) DEFAULT '' NOT NULL, destroys VARCHAR(40) DEFAULT '' NOT NULL,
  PRIMARY KEY (name, version) );
CREATE INDEX secrets_by_end ON secrets (destroys);
CREATE INDEX secrets_by_key ON secrets (key_name, key_version, name, version);
CREATE TABLE secret_labels ( label VARCHAR(64) NOT NULL, value VARCHAR(128) NOT NULL, name VARCHAR(128) NOT NULL, PRIMARY KEY (label,
  value, name) );
CREATE INDEX secret_labels_by_name ON secret_labels (name);
CREATE TABLE leases ( id VARCHAR(64) NOT NULL, secret VARCHAR(128) NOT NULL, version INTEGER NOT NULL, holder VARCHAR(256) NOT NULL,
  issued VARCHAR(40) NOT NULL, expires VARCHAR(40) NOT NULL, ended VARCHAR(40) NOT NULL, PRIMARY KEY (id) );
CREATE INDEX leases_by_holder ON leases (holder, ended);
CREATE INDEX leases_by_secret ON leases (secret, version, ended);
CREATE TABLE checkpoints ( seq INTEGER NOT NULL, line BLOB NOT NULL, PRIMARY KEY (seq) );
CREATE TABLE audit ( seq INTEGER NOT NULL, hash VARCHAR(64) NOT NULL, line BLOB NOT NULL, PRIMARY KEY (seq) );
INSERT INTO facts VALUES ('schema', '2');
INSERT INTO facts VALUES ('store', '0123456789abcdef0123456789abcdef');
INSERT INTO keys (name, version, type, usage, cka_id, state, created, token, public_pem, revision)
  VALUES ('store', 1, 'aes-256', 'wrap', 'abab', 'active', '2026-01-01T00:00:00+00:00', 'serial', '', 0);
INSERT INTO secrets (name, version, created, key_name, key_version, key_id, wrapped_key, ciphertext, size)
  VALUES ('db', 1, '2026-01-01T00:00:00+00:00', 'store', 1, 'abab', x'01', x'02', 3);
INSERT INTO audit VALUES (1, 'aa', x'7b7d');
"""

# version 2 made this table when the first value was sealed
SEARCHED = """
CREATE TABLE searches (name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, key_name VARCHAR(128) NOT NULL, key_version INTEGER NOT NULL,
  key_id VARCHAR(64) NOT NULL, wrapped_key BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (name, version));
INSERT INTO searches VALUES ('db', 1, 'store', 1, 'abab', x'03', x'04');
"""

# what version 3 made beside it, with a lease that is open
THIRD = (
    SECOND
    + SEARCHED
    + """
CREATE TABLE key_intents ( cka_id VARCHAR(64) NOT NULL, name VARCHAR(128) NOT NULL, version INTEGER NOT NULL, type VARCHAR(32) NOT NULL,
  usage VARCHAR(16) NOT NULL, token VARCHAR(64) NOT NULL, begun VARCHAR(40) NOT NULL, PRIMARY KEY (cka_id) );
CREATE TABLE sealed_files ( file VARCHAR(64) NOT NULL, key_name VARCHAR(128) NOT NULL, key_version INTEGER NOT NULL, since VARCHAR(40)
  NOT NULL, PRIMARY KEY (file, key_name, key_version) );
CREATE INDEX sealed_files_by_key ON sealed_files (key_name, key_version);
INSERT INTO leases VALUES ('aa', 'db', 1, 'job', '2026-01-01T00:00:00+00:00', '2099-01-01T00:00:00+00:00', '');
UPDATE facts SET value = '3' WHERE name = 'schema';
"""
)


@pytest.fixture(params=[FIRST, SECOND, SECOND + SEARCHED, THIRD], ids=["first", "second", "second, searched", "third"])
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def old_store(folder: Path, script: str = FIRST) -> Path:
    home = folder / "home"
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / "store.db")) as connection, connection:
        connection.executescript(script)
    connection.close()
    return home


def shape(path: Path) -> set[tuple[str, str, str, str]]:
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'alembic%'")]
    found = {(table, column[1], column[2], column[3]) for table in tables for column in connection.execute(f"PRAGMA table_info({table})")}
    connection.close()
    return found


def test_an_old_store_is_brought_up_and_keeps_what_it_holds(tmp_path: Path, script: str) -> None:
    home = old_store(tmp_path, script)
    state = SqlState.open(str(home))
    record = state.key("store")
    assert record is not None
    assert (record.ref.id, record.expires, record.revision) == ("abab", None, 0)
    secret = state.get("db")
    assert secret is not None
    assert secret.size == 3
    assert list(state.records()) == [b"{}"]
    assert state.reserve("store", 1, 2) == 2
    kept = [SearchRow("db", 1, KeyRef("store", 1, KeyType.AES_256, KeyUsage.WRAP, "abab"), b"\3", b"\4")]
    assert list(state.search_rows()) == (kept if SEARCHED in script else [])
    assert state.intents() == []
    assert state.dependents("store", 1) == Dependents(secrets=1, files=0)


def test_an_old_store_looks_like_a_new_one_afterwards(tmp_path: Path, script: str) -> None:
    home = old_store(tmp_path, script)
    SqlState.open(str(home))
    SqlState.open(str(tmp_path / "new"))
    assert shape(home / "store.db") == shape(tmp_path / "new" / "store.db")


def test_lease_of_an_older_store_is_one_of_a_kept_value(tmp_path: Path) -> None:
    state = SqlState.open(str(old_store(tmp_path, THIRD)))
    now = datetime(2026, 6, 1, tzinfo=UTC)
    (lease,) = state.open_leases(now)
    assert (lease.id, lease.engine, lease.revocable) == ("aa", "", True)
    assert list(state.end("job", now, lambda ended: AuditEvent(now, "x", "x", ended.id, "x"))) == [lease]
    assert list(state.take_due(now, now)) == []


def test_many_at_once_bring_it_up_once(tmp_path: Path, script: str) -> None:
    home = old_store(tmp_path, script)
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(SqlState.open, [str(home)] * 6))
    assert len(opened) == 6
    assert shape(home / "store.db") >= {("keys", "revision", "INTEGER", 1)}


def test_a_store_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    home = old_store(tmp_path)
    connection = sqlite3.connect(home / "store.db")
    connection.execute("UPDATE facts SET value = ? WHERE name = 'schema'", (str(SCHEMA_VERSION + 1),))
    connection.commit()
    before = list(connection.iterdump())
    with pytest.raises(GuardError, match="newer pipeline-guard"):
        SqlState.open(str(home))
    assert list(connection.iterdump()) == before
    connection.close()
