# SPDX-License-Identifier: Apache-2.0
"""Reading large files: regular ones only, through no link below a root, in full buffers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError


def test_buffer_is_filled_from_any_offset_and_short_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(100)))
    buffer = memoryview(bytearray(40))
    with LocalStreams().reading(str(path)) as reading:
        assert reading.size() == 100
        assert [reading.read_into(buffer, offset) for offset in (0, 90, 100, 1000)] == [40, 10, 0, 0]
        assert reading.read_into(buffer, 50) == 40
        assert bytes(buffer) == bytes(range(50, 90))
        reading.check()


@pytest.mark.parametrize("change", ["append", "replace the content"])
def test_change_is_noticed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with LocalStreams().reading(str(path)) as reading:
        path.write_bytes(b"abcd" if change == "append" else b"xyz")
        os.utime(path, ns=(1, 1))
        with pytest.raises(IntegrityError):
            reading.check()


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "into").symlink_to("folder")
    (tmp_path / "folder" / "inner").write_bytes(b"x")
    streams = LocalStreams()
    with pytest.raises(NothingToDo), streams.reading(str(tmp_path / "missing")):
        pass
    for name in ("pipe", "folder", "a\0b", "/dev/zero"):
        with pytest.raises(UsageError), streams.reading(str(tmp_path / name)):
            pass
    for name in ("link", "into/inner", "../x", "pipe"):
        with pytest.raises((IntegrityError, UsageError)), streams.reading(str(tmp_path), name):
            pass
    with streams.reading(str(tmp_path), "folder/inner") as reading:
        assert reading.size() == 1
