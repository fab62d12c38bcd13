# SPDX-License-Identifier: Apache-2.0
"""Published archives in a folder."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipeline_guard.adapters.advisories import folder
from pipeline_guard.adapters.advisories.folder import FolderFeed
from pipeline_guard.errors import UsageError
from pipeline_guard.model.verdict import Unchecked
from tests.fakes.osv import publish, record


def test_both_layouts_are_read(tmp_path: Path) -> None:
    publish(tmp_path / "plain", [record("A-10")])
    publish(tmp_path / "cache" / "osv-scanner", [record("A-10")])
    for place in ("plain", "cache"):
        feed = FolderFeed(str(tmp_path / place))
        assert feed.ecosystems() == ["PyPI"]
        assert [item[0] for item in feed.archive("PyPI") if not isinstance(item, Unchecked)] == ["A-10.json"]
        assert list(feed.changes("PyPI")) == [("2026-11-20T10:00:00Z", "A-10")]
        assert b'"A-10"' in feed.record("PyPI", "A-10")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"all\.zip"):
        FolderFeed(str(tmp_path)).ecosystems()
    publish(tmp_path, [record("A-10")])
    with pytest.raises(UsageError, match="npm"):
        FolderFeed(str(tmp_path), ["npm"]).ecosystems()
    with pytest.raises(UsageError):
        FolderFeed(str(tmp_path)).record("PyPI", "none")


def test_damaged_archive_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, [record(f"A-1{number}") for number in range(50)])
    archive = tmp_path / "PyPI" / "all.zip"
    content = archive.read_bytes()
    for damaged in (content[: len(content) // 2], b"", content[:60] + b"\xff" * 40 + content[100:]):
        archive.write_bytes(damaged)
        with pytest.raises(UsageError):
            list(FolderFeed(str(tmp_path)).archive("PyPI"))


def test_record_over_the_limit_is_unchecked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LARGEST", 10)
    publish(tmp_path, [record("A-10")])
    (item,) = FolderFeed(str(tmp_path)).archive("PyPI")
    assert isinstance(item, Unchecked)


@pytest.mark.parametrize("line", ["only-a-time", "2026,../../etc/passwd\\", "2026,.hidden", "2026,", "2026,a b"])
def test_list_of_changes_names_only_records(tmp_path: Path, line: str) -> None:
    publish(tmp_path, [record("A-10")])
    (tmp_path / "PyPI" / "modified_id.csv").write_text(line + "\n")
    with pytest.raises(UsageError):
        list(FolderFeed(str(tmp_path)).changes("PyPI"))


def test_other_members_are_left_out(tmp_path: Path) -> None:
    publish(tmp_path, [record("A-10")])
    with zipfile.ZipFile(tmp_path / "PyPI" / "all.zip", "a") as archive:
        archive.writestr("readme.txt", "x")
    assert len(list(FolderFeed(str(tmp_path)).archive("PyPI"))) == 1
