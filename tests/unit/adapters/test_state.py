# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.event import AuditEvent

ROOT = Path(__file__).parents[3]
EVENT = AuditEvent(datetime(2026, 1, 1, tzinfo=UTC), "user:ada", "test", "thing", "granted")


def test_database_and_folder_are_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    SqlState.open(str(home))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "store.db").stat().st_mode) == 0o600


def test_reopening_keeps_what_was_there(tmp_path: Path) -> None:
    SqlState.open(str(tmp_path)).write(EVENT)
    assert len(list(SqlState.open(str(tmp_path)).records())) == 1


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to be looked at as one" * 40, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_damaged_database_is_unavailable_and_untouched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(Unavailable) as caught:
        SqlState.open(str(tmp_path)).write(EVENT)
    assert caught.value.hint
    assert (tmp_path / "store.db").read_bytes() == content


def test_database_cut_in_half_is_unavailable(tmp_path: Path) -> None:
    state = SqlState.open(str(tmp_path))
    for _ in range(200):
        state.write(EVENT)
    path = tmp_path / "store.db"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unavailable):
        list(SqlState.open(str(tmp_path)).records())


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    SqlState.open(str(tmp_path))
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("UPDATE facts SET value = '99' WHERE name = 'schema'")
    connection.commit()
    connection.close()
    with pytest.raises(Unavailable, match="newer"):
        SqlState.open(str(tmp_path))


def test_home_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable):
        SqlState.open(str(tmp_path / "file"))


def test_many_processes_append_to_one_chain_and_lose_nothing(tmp_path: Path) -> None:
    source = textwrap.dedent(
        """
        import sys
        from datetime import UTC, datetime
        from pipeline_guard.adapters.sql.state import SqlState
        from pipeline_guard.model.event import AuditEvent
        for number in range(25):
            SqlState.open(sys.argv[1]).write(AuditEvent(datetime.now(UTC), "p", "test", f"{sys.argv[2]}-{number}", "granted"))
        """
    )
    home = str(tmp_path / "home")
    writers = [subprocess.Popen([sys.executable, "-c", source, home, str(number)], cwd=ROOT) for number in range(6)]
    assert [writer.wait(120) for writer in writers] == [0] * 6
    lines = list(SqlState.open(home).records())
    assert verify_chain(lines)[0] == 150


def test_file_that_was_begun_and_never_made_is_made(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert (tmp_path / "store.db").stat().st_size > 0
    SqlState.open(str(tmp_path)).write(EVENT)
