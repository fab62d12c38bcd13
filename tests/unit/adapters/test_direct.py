# SPDX-License-Identifier: Apache-2.0
"""The embedded store without SQLAlchemy: what is its own beside the contract, which tests/contract holds it to."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.sql.direct import DirectState
from pipeline_guard.adapters.sql.driver import SCHEMA_VERSION
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import IntegrityError, Unavailable
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyRef, KeyState, KeyType, KeyUsage

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVENT = AuditEvent(NOW, "user:ada", "test", "thing", "granted")
KEY = KeyRecord(KeyRef("signing", 1, KeyType.EC_P256, KeyUsage.SIGN, "ab" * 16), KeyState.ACTIVE, NOW, "serial", "pem")


def opened(home: Path) -> Any:
    SqlState.open(str(home))
    return DirectState.open(str(home))


def test_a_store_is_made_at_first_need_and_asked_directly_from_then_on(tmp_path: Path) -> None:
    assert isinstance(DirectState.open(str(tmp_path)), SqlState)
    assert isinstance(DirectState.open(str(tmp_path)), DirectState)


@pytest.mark.parametrize("value", [str(SCHEMA_VERSION - 1), str(SCHEMA_VERSION + 1), "unknown", ""])
def test_a_store_of_another_version_is_not_asked_directly(tmp_path: Path, value: str) -> None:
    SqlState.open(str(tmp_path))
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE facts SET value = ? WHERE name = 'schema'", (value,))
    connection.close()
    try:
        assert not isinstance(DirectState.open(str(tmp_path)), DirectState)
    except Unavailable as error:
        assert error.hint  # noqa: PT017 an older store may be brought up; all others must be refused, and say why


@pytest.mark.parametrize("content", [b"", b"this is no database, but long enough to be looked at as one" * 40])
def test_what_is_no_store_is_left_to_whoever_explains_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokens" / "one").mkdir(parents=True)
    (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(Unavailable) as caught:
        DirectState.open(str(tmp_path))
    assert caught.value.hint
    assert (tmp_path / "store.db").read_bytes() == content


def test_both_see_what_the_other_wrote_and_keep_one_chain(tmp_path: Path) -> None:
    direct, whole = opened(tmp_path), SqlState.open(str(tmp_path))
    whole.add_key(KEY)
    assert direct.key("signing") == KEY
    for store in (direct, whole, direct, whole):
        store.write(EVENT)
    assert direct.head() == whole.head()
    verify_chain(direct.records())
    assert [json.loads(line)["seq"] for line in direct.records()] == [1, 2, 3, 4]


def test_threads_and_a_second_store_write_one_chain(tmp_path: Path) -> None:
    direct, whole = opened(tmp_path), SqlState.open(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: (direct if number % 2 else whole).write(EVENT), range(60)))
    verify_chain(direct.records())
    assert direct.head().seq == 60


def test_what_fails_inside_a_transaction_takes_it_back(tmp_path: Path) -> None:
    direct = opened(tmp_path)

    class Trouble(Exception):
        pass

    def announce(_lease: object) -> AuditEvent:
        raise Trouble

    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute(
            "INSERT INTO leases (id, secret, version, holder, issued, expires, ended, engine, about, undo, tried, next_try, key_name, "
            "key_version, key_id) VALUES ('1', 'a', 1, 'job', ?, ?, '', '', '', '', 0, '', '', 0, '')",
            (NOW.isoformat(), NOW.isoformat()),
        )
    connection.close()
    with pytest.raises(Trouble):
        direct.end("job", NOW, announce)
    direct.write(EVENT)  # nothing is left open
    assert [lease.id for lease in direct.end("job", NOW, lambda _lease: EVENT)] == ["1"]


def test_a_damaged_row_and_a_missing_table_are_told_apart(tmp_path: Path) -> None:
    direct = opened(tmp_path)
    SqlState.open(str(tmp_path)).add_key(KEY)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE keys SET state = 'nonsense'")
    with pytest.raises(IntegrityError):
        direct.key("signing")
    with connection:
        connection.execute("ALTER TABLE keys DROP COLUMN erases")
    with pytest.raises(IntegrityError):
        direct.versions("signing")
    with connection:
        connection.execute("DROP TABLE audit")
    connection.close()
    with pytest.raises(Unavailable) as caught:
        direct.write(EVENT)
    assert caught.value.hint
