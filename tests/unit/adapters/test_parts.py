# SPDX-License-Identifier: Apache-2.0
"""Large texts in parts: every byte belongs to one of them, and each knows where it stands."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources import parts
from pipeline_guard.adapters.sources.history import HistorySource
from pipeline_guard.adapters.sources.parts import divided, is_divisible
from pipeline_guard.adapters.sources.staged import StagedSource
from pipeline_guard.adapters.sources.stream import StreamSource
from pipeline_guard.adapters.sources.work_tree import TreeSource
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.verdict import Unchecked
from tests.conftest import Repository

SMALL, MARGIN = 4096, 256


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", SMALL)
    monkeypatch.setattr(parts, "AROUND", MARGIN)


def cut(text: bytes) -> list[Entry]:
    stream = io.BytesIO(text)
    return list(divided(Entry("big.log", stream.read(10)), stream.read))


TEXTS = {
    "lines": b"".join(b"line %d of the log\n" % number for number in range(2000)),
    "one line": b"x" * 50_000,
    "one line of umlauts": "\u00e4\u00f6\u00fc".encode() * 9000,
    "long lines": (b"y" * 9000 + b"\n") * 5,
    "old Macintosh": b"".join(b"line %d\r" % number for number in range(5000)),
    "just over": b"z\n" * (SMALL // 2 + 1),
    "no byte more than a part and its margin": b"z" * (SMALL + MARGIN),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_parts_cover_a_text_once_and_know_their_place(text: bytes) -> None:
    newline = b"\n" if b"\n" in text else b"\r"
    place = 0
    for entry in cut(text):
        assert entry.part is not None
        part, (first, last) = entry.part, entry.part.own
        assert part.offset + first == place
        assert text[part.offset : part.offset + len(entry.data)] == entry.data
        assert part.offset == 0 or first >= MARGIN // 2, "nothing is shown of what stands before"
        assert len(entry.data) <= first + SMALL + MARGIN <= SMALL + 2 * MARGIN + 4
        before = text[: part.offset]
        assert part.line == before.count(newline)
        assert part.column == len(before.rpartition(newline)[2].decode())
        place = part.offset + last
    assert place == len(text)


def test_only_text_is_read_in_parts_and_only_where_the_limit_has_room_for_one() -> None:
    assert is_divisible(SMALL + 1, SMALL, b"text")
    assert not is_divisible(SMALL, SMALL, b"text")
    assert not is_divisible(SMALL + 1, SMALL - 1, b"text")
    assert not is_divisible(SMALL * 65, SMALL, b"text")
    assert not is_divisible(SMALL + 1, SMALL, b"bin\0ary")
    assert not is_divisible(SMALL + 1, SMALL, "\ufeffwide".encode("utf-16-le"))


def joined(entries: Iterator[Entry | Unchecked]) -> bytes:
    found = [entry for entry in entries if isinstance(entry, Entry) and entry.part]
    return b"".join(entry.data[slice(*entry.part.own)] for entry in found if entry.part)


def test_tree_staged_history_and_standard_input_give_parts(repository: Repository) -> None:
    text = TEXTS["lines"]
    for name, content in (("big.log", text), ("after.txt", b"small"), ("binary", bytes(9000))):
        repository.write(name, content)
    repository.git("add", "-A")
    git = GitRepository(str(repository.path), os.environ)
    expected = [Unchecked("binary", f"larger than {SMALL} bytes")]

    def selection(scope: Scope) -> Selection:
        return Selection(scope, max_bytes=SMALL, parts=True)

    staged = list(StagedSource(selection(Scope.STAGED), git).entries())
    repository.commit("big")
    for found in (
        staged,
        list(TreeSource(selection(Scope.TREE), str(repository.path), git).entries()),
        list(HistorySource(selection(Scope.HISTORY), git).entries()),
    ):
        assert joined(iter(found)) == text
        assert [one for one in found if isinstance(one, Unchecked)] == expected
        assert [one.data for one in found if isinstance(one, Entry) and one.path == "after.txt"] == [b"small"]
    assert joined(StreamSource(selection(Scope.STDIN), io.BytesIO(text)).entries()) == text


def test_without_being_asked_for_parts_sources_give_none(tmp_path: Path) -> None:
    (tmp_path / "big.log").write_bytes(TEXTS["lines"])
    source = TreeSource(Selection(Scope.TREE, max_bytes=SMALL), str(tmp_path), GitRepository(str(tmp_path), os.environ))
    assert list(source.entries()) == [Unchecked("big.log", f"larger than {SMALL} bytes")]
