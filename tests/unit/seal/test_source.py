# SPDX-License-Identifier: Apache-2.0
"""Sources fill any buffer with the same bytes, and notice what changes under them."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.errors import IntegrityError
from pipeline_guard.seal.archive import FILE, FOLDER, PROGRAM, Member, head, tail
from pipeline_guard.seal.source import FileSource, FolderSource


def drawn(source: FileSource | FolderSource, step: int) -> bytes:
    found, buffer = b"", memoryview(bytearray(step))
    while count := source.fill(buffer):
        found += buffer[:count]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, content in (("a", b"one"), ("empty", b""), ("sub/run", bytes(5000))):
        (tmp_path / name).write_bytes(content)
    return tmp_path


MEMBERS = [Member(FILE, "a"), Member(FILE, "empty"), Member(FOLDER, "sub"), Member(PROGRAM, "sub/run")]


@pytest.mark.parametrize("step", [1, 7, 11, 4096, 100000])
def test_folder_gives_the_same_bytes_whatever_the_buffer(folder: Path, step: int) -> None:
    with closing(FolderSource(str(folder), MEMBERS, LocalStreams())) as source:
        assert drawn(source, step) == (
            head(Member(FILE, "a", 3)) + b"one" + head(Member(FILE, "empty")) + head(Member(FOLDER, "sub"))
            + head(Member(PROGRAM, "sub/run", 5000)) + bytes(5000) + tail()
        )  # fmt: skip


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_file_that_changes_while_it_is_read_is_refused(folder: Path, kind: str, change: str) -> None:
    path = folder / "sub" / "run"
    with LocalStreams().reading(str(path)) as reading:
        source = FileSource(reading) if kind == "file" else FolderSource(str(folder), MEMBERS[2:], LocalStreams())
        buffer = memoryview(bytearray(1000))
        source.fill(buffer)
        status = path.stat()
        path.write_bytes({"grow": bytes(9000), "shrink": bytes(1500), "rewrite": b"\1" * 5000}[change])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        with pytest.raises(IntegrityError):
            drawn(source, 1000)
        if isinstance(source, FolderSource):
            source.close()
