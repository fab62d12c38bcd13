# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import GuardError, IntegrityError, UsageError
from pipeline_guard.model.tree_entry import Piece

EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b/c.bin", "a.txt", "b-x", "é", "b/empty"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "b/empty" else name.encode())
    (tmp_path / "root" / "d").mkdir()
    return tmp_path / "root"


def test_names_are_relative_and_sorted_by_code_point(root: Path) -> None:
    assert LocalTree().names(str(root)) == ["a.txt", "b-x", "b/", "b/c.bin", "b/empty", "d/", "é"]


def test_names_of_the_current_folder_are_given_for_an_empty_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert LocalTree().names("") == LocalTree().names(".") == LocalTree().names(str(root))
    assert LocalTree().digest("", "b/empty", "sha256") == EMPTY


def test_digests_are_those_of_the_content(root: Path) -> None:
    assert LocalTree().digest(str(root), "b/c.bin", "sha256") == hashlib.sha256(b"b/c.bin").hexdigest()
    assert LocalTree().digest(str(root), "b/c.bin", "sha512") == hashlib.sha512(b"b/c.bin").hexdigest()
    assert LocalTree().digest(str(root), "b/empty", "sha256") == EMPTY


def test_a_root_that_is_a_link_is_the_callers_choice_but_none_below(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert LocalTree().digest(str(tmp_path / "link"), "b/empty", "sha256") == EMPTY


def a_link(path: Path) -> None:
    path.symlink_to("a.txt")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def a_loop(path: Path) -> None:
    path.symlink_to(".")


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize("make", [a_link, a_dangling_link, a_loop, a_fifo, a_socket], ids=lambda make: make.__name__)
def test_what_is_neither_file_nor_folder_is_refused_by_name(
    root: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)  # the path of a socket must be short
    make(Path("b/odd"))
    with pytest.raises(IntegrityError, match="b/odd"):
        LocalTree().names(str(root))
    with pytest.raises(GuardError, match="b/odd"):
        LocalTree().digest(str(root), "b/odd", "sha256")


def test_a_folder_that_became_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "b").rename(tmp_path / "elsewhere")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GuardError, match="b/c"):
        LocalTree().digest(str(root), "b/c.bin", "sha256")


def test_a_name_that_is_not_utf8_is_refused_readably(root: Path) -> None:
    (root / os.fsdecode(b"bad\xff")).write_bytes(b"")
    with pytest.raises(IntegrityError, match=r"bad\\xff"):
        LocalTree().names(str(root))


@pytest.mark.parametrize("name", ["../root/a.txt", "/etc/passwd", "b/../a.txt", "", ".", "b//c.bin", "b/"])
def test_a_name_that_leaves_the_root_is_refused(root: Path, name: str) -> None:
    with pytest.raises(IntegrityError):
        LocalTree().digest(str(root), name, "sha256")


@pytest.mark.parametrize("name", ["nothing", "a.txt/x", "nothing/x", "a\0b", "x" * 300, "y/" * 3000 + "z"])
def test_a_name_that_cannot_be_opened_is_a_usage_error(root: Path, name: str) -> None:
    with pytest.raises(UsageError):
        LocalTree().digest(str(root), name, "sha256")


def test_a_folder_is_no_file_and_a_file_no_folder(root: Path) -> None:
    with pytest.raises(IntegrityError, match="not a regular file"):
        LocalTree().digest(str(root), "b", "sha256")
    with pytest.raises(UsageError):
        LocalTree().names(str(root / "a.txt"))
    with pytest.raises(UsageError):
        LocalTree().names(str(root / "nothing"))


def test_an_unknown_algorithm_is_a_usage_error(root: Path) -> None:
    with pytest.raises(UsageError, match="crc32"):
        LocalTree().digest(str(root), "a.txt", "crc32")


@pytest.mark.parametrize("change", ["grow", "same size", "replace nothing but the times"])
def test_a_file_that_changes_while_it_is_hashed_is_refused(root: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = os.pread

    def meanwhile(*words: Any) -> bytes:
        found = reading(*words)
        if change == "grow":
            (root / "a.txt").write_bytes(b"a.txt and more")
        elif change == "same size":
            (root / "a.txt").write_bytes(b"A.txt")
        os.utime(root / "a.txt", ns=(1, 1))
        return found

    monkeypatch.setattr(os, "pread", meanwhile)
    with pytest.raises(IntegrityError, match="changed while it was read"):
        LocalTree().digest(str(root), "a.txt", "sha256")


def test_reading_does_not_count_as_a_change(root: Path) -> None:
    assert len({LocalTree().digest(str(root), "a.txt", "sha256") for _ in range(20)}) == 1


def test_modes_are_permission_bits_of_files_and_folders(root: Path) -> None:
    (root / "a.txt").chmod(0o640)
    (root / "d").chmod(0o750)
    assert LocalTree().mode(str(root), "a.txt") == 0o640
    assert LocalTree().mode(str(root), "d/") == 0o750
    with pytest.raises(UsageError):
        LocalTree().mode(str(root), "nothing")


def test_memory_stays_flat_for_a_large_file(tmp_path: Path) -> None:
    import tracemalloc

    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    LocalTree().digest(str(tmp_path), "large", "sha256")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


# --- all of a folder at once


def pieces(root: Path, *names: str) -> list[Piece]:
    listed = {entry.name: entry for entry in LocalTree().entries(str(root))}
    return [Piece(name, listed[name].stamp) for name in names]


def test_entries_tell_what_lies_there(root: Path) -> None:
    (root / "a.txt").chmod(0o750)
    (root / "b" / "twin").hardlink_to(root / "a.txt")
    found = {entry.name: entry for entry in LocalTree().entries(str(root))}
    assert list(found) == ["a.txt", "b", "b-x", "b/c.bin", "b/empty", "b/twin", "d", "é"]
    assert (found["a.txt"].mode, found["a.txt"].links, found["a.txt"].size) == (0o750, 2, 5)
    assert [name for name, entry in found.items() if entry.is_folder] == ["b", "d"]
    assert found["a.txt"].stamp == found["b/twin"].stamp


def test_many_digests_come_in_the_order_they_were_asked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_guard.adapters.tree._ALONE", 0)
    for number in range(50):
        (root / "b" / f"{number}").write_bytes(bytes(number * 20_000))
    names = [f"b/{number}" for number in range(50)] + ["é", "a.txt", "b/7"]
    expected = [hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names]
    assert list(LocalTree().digests(str(root), pieces(root, *names), "sha256")) == expected


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "blake2b", "blake3"])
def test_pieces_of_a_file_have_digests_of_their_own(root: Path, algorithm: str) -> None:
    import blake3

    content = os.urandom(700_000)
    (root / "large").write_bytes(content)
    make = blake3.blake3 if algorithm == "blake3" else getattr(hashlib, algorithm)
    bounds = [(0, 300_000), (300_000, 700_000), (5, 6), (699_999, 700_000)]
    wanted = [Piece("large", None, start, end) for start, end in bounds] + [Piece("large")]
    expected = [make(content[start:end]).hexdigest() for start, end in bounds] + [make(content).hexdigest()]
    assert list(LocalTree().digests(str(root), wanted, algorithm)) == expected


def test_a_piece_behind_the_end_is_refused(root: Path) -> None:
    with pytest.raises(IntegrityError, match=r"a\.txt"):
        LocalTree().digests(str(root), [Piece("a.txt", None, 0, 6)], "sha256")


def test_a_file_that_is_not_as_listed_is_refused(root: Path) -> None:
    wanted = pieces(root, "b/c.bin", "a.txt")
    (root / "a.txt").write_text("A.txt")
    with pytest.raises(IntegrityError, match=r"a\.txt: changed"):
        LocalTree().digests(str(root), wanted, "sha256")


def test_one_bad_file_among_many_ends_the_work(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_guard.adapters.tree._ALONE", 0)
    for number in range(8):
        with (root / f"large-{number}").open("wb") as stream:
            stream.truncate(5_000_000)
    wanted = pieces(root, *(f"large-{number}" for number in range(8)))
    (root / "large-3").unlink()
    with pytest.raises(UsageError, match="large-3"):
        LocalTree().digests(str(root), wanted, "sha256")


def test_a_file_cut_short_while_it_is_hashed_is_refused_and_kills_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (root / "large").open("wb") as stream:
        stream.truncate(3_000_000)
    wanted = pieces(root, "large")
    reading = os.preadv

    def meanwhile(*words: Any) -> int:
        found = reading(*words)
        os.truncate(root / "large", 1_000_000)
        return found

    monkeypatch.setattr(os, "preadv", meanwhile)
    with pytest.raises(IntegrityError, match="large: changed while it was read"):
        LocalTree().digests(str(root), wanted, "sha256")


def test_progress_is_told_in_megabytes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, int, int | None]] = []
    closed: list[bool] = []

    class Display:
        def step(self, what: str, done: int, total: int | None = None) -> None:
            steps.append((what, done, total))

        def close(self) -> None:
            closed.append(True)

    for number in range(3):
        with (root / f"large-{number}").open("wb") as stream:
            stream.truncate(10_000_000)
    LocalTree(Display).digests(str(root), pieces(root, "large-0", "large-1", "large-2"), "sha256")
    assert steps[-1] == ("hashing MB", 30, 30)
    LocalTree(Display).digest(str(root), "large-0", "sha256")
    assert steps[-1] == ("hashing MB", 10, 10)
    assert closed == [True, True]
    LocalTree(Display).digest(str(root), "a.txt", "sha256")
    assert closed == [True, True]


def test_memory_stays_flat_for_many_large_sparse_files(root: Path) -> None:
    import tracemalloc

    for number in range(4):
        with (root / f"sparse-{number}").open("wb") as stream:
            stream.truncate(100_000_000)
    wanted = pieces(root, *(f"sparse-{number}" for number in range(4)))
    tracemalloc.start()
    LocalTree().digests(str(root), wanted, "blake3")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_a_missing_blake3_is_a_usage_error_with_a_hint(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "blake3", None)
    with pytest.raises(UsageError) as caught:
        LocalTree().digest(str(root), "a.txt", "blake3")
    assert "pipeline-guard[models]" in caught.value.hint


def test_a_file_that_says_it_is_empty_and_is_not_is_refused() -> None:
    with pytest.raises(IntegrityError, match="version: changed while it was read"):
        LocalTree().digest("/proc", "version", "sha256")
