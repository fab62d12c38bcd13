# SPDX-License-Identifier: Apache-2.0
"""Files that can be made again: whole or not there, and only from a folder of one's own."""

import os
from pathlib import Path

import pytest

from pipeline_guard.adapters.cache import FolderCache


def test_what_was_put_is_got_and_the_last_one_stays(tmp_path: Path) -> None:
    cache = FolderCache(str(tmp_path / "home" / "cache"))
    assert cache.get("a") is None
    cache.put("a", b"one")
    cache.put("a", b"two")
    assert cache.get("a") == b"two"
    assert [path.name for path in (tmp_path / "home" / "cache").iterdir()] == ["a"]


def test_folder_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    cache = FolderCache(str(tmp_path / "cache"))
    cache.put("a", b"one")
    (tmp_path / "cache").chmod(0o777)
    assert cache.get("a") is None


def test_disk_that_is_full_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_source: str, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    FolderCache(str(tmp_path / "cache")).put("a", b"one")
    assert list((tmp_path / "cache").iterdir()) == []
