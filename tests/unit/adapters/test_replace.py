# SPDX-License-Identifier: Apache-2.0
"""Files are replaced whole, whoever was killed before, and nothing is left where it fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pipeline_guard.adapters.home import write_private
from pipeline_guard.adapters.replace import replace
from pipeline_guard.errors import Unavailable


def test_content_and_mode_are_those_asked_for_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250)
    replace(target, b"old", 0o644)
    replace(target, b"new", 0o640)
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [target]


def test_file_is_private_unless_asked_otherwise(tmp_path: Path) -> None:
    replace(tmp_path / "key", b"content")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_what_cannot_take_the_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace(tmp_path / "folder", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_remains_of_a_killed_process_of_the_same_number_are_in_nobodys_way(tmp_path: Path) -> None:
    """In containers the same few process numbers come again and again."""
    (tmp_path / f"pin.{os.getpid()}.new").write_bytes(b"half")
    write_private(str(tmp_path / "pin"), b"whole")
    assert (tmp_path / "pin").read_bytes() == b"whole"


def test_failure_of_a_private_file_is_told_in_our_words(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot write .*: no such file or directory"):
        write_private(str(tmp_path / "missing" / "pin"), b"content")
