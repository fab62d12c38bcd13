# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_guard.adapters.digest_memory import DigestMemory
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import GuardError, IntegrityError
from pipeline_guard.model.tree_entry import Piece

LONG_AGO = 1_700_000_000_000_000_000


class Counting(LocalTree):
    """A tree that tells how many files it really read."""

    def read(self, root: Path, algorithm: str = "sha256") -> tuple[list[str], int]:
        pieces = [Piece(entry.name, entry.stamp) for entry in self.entries(str(root)) if not entry.is_folder]
        opened: list[str] = []
        opening = os.open

        def counted(path: str, *words: int, **more: int) -> int:
            if path in {piece.name for piece in pieces}:
                opened.append(path)
            return opening(path, *words, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "open", counted)
            digests = list(self.digests(str(root), pieces, algorithm, remembered=True))
        assert digests == list(LocalTree().digests(str(root), pieces, algorithm))
        return digests, len(opened)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files that came to rest long ago, as far as this test's clock tells."""
    monkeypatch.setattr("pipeline_guard.adapters.digest_memory._SETTLED", -60_000_000_000)
    folder = tmp_path / "root"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def tree(home: Path) -> Counting:
    return Counting(memory=DigestMemory(str(home)))


def test_what_nobody_has_written_to_is_not_read_again(root: Path, home: Path) -> None:
    assert tree(home).read(root)[1] == 3
    assert tree(home).read(root)[1] == 0
    assert tree(home).read(root, "blake3")[1] == 3


def test_nothing_is_remembered_unless_somebody_asks(root: Path, home: Path) -> None:
    LocalTree(memory=DigestMemory(str(home))).digests(str(root), [Piece("a")], "sha256")
    assert not home.exists()


def rewrite(path: Path) -> None:
    path.write_text("x")


def rewrite_and_set_the_time_back(path: Path) -> None:
    before = path.stat()
    path.write_text("x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_another_with_the_same_times(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_text("x")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize("change", [rewrite, rewrite_and_set_the_time_back, replace_by_another_with_the_same_times])
def test_a_changed_file_is_read_again(root: Path, home: Path, change: Callable[[Path], None]) -> None:
    tree(home).read(root)
    change(root / "b")
    assert tree(home).read(root)[1] == 1


def test_a_file_written_just_now_is_not_remembered(root: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_guard.adapters.digest_memory._SETTLED", 3_000_000_000)
    tree(home).read(root)
    assert tree(home).read(root)[1] == 3


def the_list(home: Path) -> Path:
    (found,) = (home / "cache" / "digests").iterdir()
    return found


def edit_a_digest(home: Path, root: Path) -> None:
    path = the_list(home)
    content = path.read_bytes()
    path.write_bytes(content[:-5] + (b"0" if content[-5:-4] != b"0" else b"1") + content[-4:])


def cut_it(home: Path, root: Path) -> None:
    path = the_list(home)
    path.write_bytes(path.read_bytes()[:80])


def empty_it(home: Path, root: Path) -> None:
    the_list(home).write_bytes(b"")


def take_another_key(home: Path, root: Path) -> None:
    (home / "digests.key").write_bytes(bytes(32))


def let_others_read_the_key(home: Path, root: Path) -> None:
    (home / "digests.key").chmod(0o644)


def cut_the_key(home: Path, root: Path) -> None:
    (home / "digests.key").write_bytes(b"short")


@pytest.mark.parametrize(
    "attack", [edit_a_digest, cut_it, empty_it, take_another_key, let_others_read_the_key, cut_the_key], ids=lambda attack: attack.__name__
)
def test_a_list_that_is_not_ours_counts_for_nothing(root: Path, home: Path, attack: Callable[[Path, Path], None]) -> None:
    tree(home).read(root)
    attack(home, root)
    assert tree(home).read(root)[1] == 3


def test_a_list_of_another_folder_counts_for_nothing(root: Path, home: Path, tmp_path: Path) -> None:
    tree(home).read(root)
    first = the_list(home)
    root.rename(tmp_path / "moved")
    assert tree(home).read(tmp_path / "moved")[1] == 3
    second = next(path for path in first.parent.iterdir() if path != first)
    second.write_bytes(first.read_bytes())
    assert tree(home).read(tmp_path / "moved")[1] == 3


def test_key_and_lists_are_private(root: Path, home: Path) -> None:
    tree(home).read(root)
    assert (home / "digests.key").stat().st_mode & 0o777 == 0o600
    assert the_list(home).stat().st_mode & 0o777 == 0o600


def test_a_home_that_cannot_be_made_is_only_slow(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert tree(tmp_path / "file" / "home").read(root)[1] == 3


def test_where_nothing_is_read_nothing_is_looked_at_twice_and_else_the_folder_must_be_as_listed(root: Path, home: Path) -> None:
    tree = LocalTree(memory=DigestMemory(str(home)))
    listed = tree.entries(str(root))
    pieces = [Piece(entry.name, entry.stamp) for entry in listed if not entry.is_folder]
    made = tree.digests(str(root), pieces, "sha256", remembered=True, listed=listed)
    (root / "late").touch()  # after the list: an answer about it, which nothing has been read for
    assert tree.digests(str(root), pieces, "sha256", remembered=True, listed=listed) == made
    with pytest.raises(IntegrityError, match="late: changed while it was read"):
        tree.digests(str(root), pieces, "sha256", listed=listed)
    (root / "late").unlink()
    (root / pieces[0].name).unlink()
    with pytest.raises(GuardError):
        tree.digests(str(root), pieces, "sha256", listed=listed)
