# SPDX-License-Identifier: Apache-2.0
"""The database file: looked up, replaced at once, refused when it is not what it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_guard.adapters.advisories.database import SqliteAdvisories, SqlitePress
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.advisory import AdvisoryRow

ROW = AdvisoryRow("PyPI", "a", "X-1", "{}")


def made(path: Path) -> str:
    with SqlitePress().draft(str(path), keep=False) as draft:
        draft.put("PyPI", "X-1", "2026-01-01T00:00:00Z", [ROW])
        draft.put("PyPI", "X-2", "2026-01-02T00:00:00Z", [AdvisoryRow("PyPI", "b", "X-2", "{}")])
    return str(path)


def test_rows_are_found_by_package(tmp_path: Path) -> None:
    database = SqliteAdvisories(made(tmp_path / "db"))
    assert database.about([("PyPI", "a"), ("PyPI", "none"), ("npm", "a")]) == [ROW]


def test_update_keeps_what_was_there_and_forgets_what_was_withdrawn(tmp_path: Path) -> None:
    path = made(tmp_path / "db")
    with SqlitePress().draft(path, keep=True) as draft:
        assert draft.newest() == {"PyPI": "2026-01-02T00:00:00Z"}
        draft.put("PyPI", "X-1", "2026-01-03T00:00:00Z", [])
        assert draft.counts() == {"PyPI": 2}
    assert SqliteAdvisories(path).about([("PyPI", "a"), ("PyPI", "b")]) == [AdvisoryRow("PyPI", "b", "X-2", "{}")]


def test_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = made(tmp_path / "db")
    before = Path(path).read_bytes()

    def fail() -> None:
        with SqlitePress().draft(path, keep=True) as draft:
            draft.put("PyPI", "X-9", "2026-01-03T00:00:00Z", [])
            raise UsageError("stop")

    with pytest.raises(UsageError, match="stop"):
        fail()
    assert Path(path).read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["db"]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, None])
def test_what_is_no_database_is_unavailable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "db"
    if content is None:
        path = Path(made(path))
        content = path.read_bytes()[: len(path.read_bytes()) // 2]
    path.write_bytes(content)
    with pytest.raises(Unavailable):
        SqliteAdvisories(str(path)).about([("PyPI", "a"), ("PyPI", "b")])


def test_folder_that_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError), SqlitePress().draft(str(tmp_path / "none" / "db"), keep=False):
        pass
