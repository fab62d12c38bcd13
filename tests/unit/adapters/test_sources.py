# SPDX-License-Identifier: Apache-2.0
"""Sources: each scope on real repositories, and every way in which one could lie by silence."""

from __future__ import annotations

import io
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.commit_range import MESSAGE
from pipeline_guard.adapters.sources.opening import open_source
from pipeline_guard.adapters.sources.paths import is_excluded
from pipeline_guard.adapters.sources.stream import StreamSource
from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.verdict import Unchecked
from tests.conftest import Repository


def read(selection: Selection, folder: Path) -> tuple[dict[str, Entry], list[Unchecked]]:
    """Return the entries by path, messages of commits aside, and what could not be read."""
    entries: dict[str, Entry] = {}
    unchecked = []
    for one in open_source(selection, str(folder), os.environ).entries():
        if isinstance(one, Unchecked):
            unchecked.append(one)
        elif one.path != MESSAGE:
            entries[one.path] = one
    return entries, unchecked


def tree(*paths: str, exclude: tuple[str, ...] = (), limit: int = 1000) -> Selection:
    return Selection(Scope.TREE, paths, exclude=exclude, max_bytes=limit)


def commits(revisions: str) -> Selection:
    return Selection(Scope.RANGE, revisions=revisions)


HISTORY = Selection(Scope.HISTORY)
STAGED = Selection(Scope.STAGED)


def test_tree_is_what_git_tracks_or_would_add(repository: Repository) -> None:
    repository.commit(files={"a.txt": "a", "sub/b ü\n.txt": "b", ".gitignore": "*.log\n", "gone.txt": "g"})
    repository.write("new.txt", "n")
    repository.write("x.log", "ignored")
    (repository.path / "gone.txt").unlink()
    entries, unchecked = read(tree(), repository.path)
    assert sorted(entries) == [".gitignore", "a.txt", "new.txt", "sub/b ü\n.txt"]
    assert unchecked == []
    assert sorted(read(tree(), repository.path / "sub")[0]) == sorted(entries), "the repository, wherever one stands"


def test_named_folder_is_walked_even_where_git_ignores_it(repository: Repository) -> None:
    repository.commit(files={".gitignore": "out/\n", "out/.keep": ""})
    repository.write("out/secret.txt", "s")
    assert "out/secret.txt" in read(tree("out"), repository.path)[0]
    assert list(read(tree("secret.txt"), repository.path / "out")[0]) == ["out/secret.txt"]


def test_outside_git_paths_are_relative_to_the_folder_named(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.txt").write_text("a")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("not this")
    assert list(read(tree(), folder)[0]) == ["sub/a.txt"]
    assert list(read(tree("plain"), tmp_path)[0]) == ["sub/a.txt"]
    assert list(read(tree("plain/sub/a.txt"), tmp_path)[0]) == ["plain/sub/a.txt"]


def test_path_through_a_link_to_the_repository_is_relative_to_its_root(repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"sub/a.txt": "a"})
    (tmp_path / "link").symlink_to(repository.path)
    assert list(read(tree(str(tmp_path / "link/sub")), repository.path)[0]) == ["sub/a.txt"]
    assert list(read(tree(str(tmp_path / "link/sub/a.txt")), repository.path / "sub")[0]) == ["sub/a.txt"]


def test_repository_of_another_user_is_looked_at_from_its_root_wherever_one_stands(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(files={"a.txt": "a", "sub/b.txt": "b"})
    monkeypatch.setattr(GitRepository, "root", _refused)
    assert sorted(read(tree(), repository.path / "sub")[0]) == ["a.txt", "sub/b.txt"]
    assert list(read(tree("b.txt"), repository.path / "sub")[0]) == ["sub/b.txt"]


def _refused(_self: GitRepository) -> str:
    raise UsageError("git refuses this repository: it belongs to another user", "")


def test_links_are_told_apart_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to("a.txt")
    (tmp_path / "loop").symlink_to(".")
    found = read(tree(), tmp_path)[0]
    assert {name: entry.mode for name, entry in found.items()} == {"a.txt": "100644", "link": "120000", "loop": "120000"}
    assert found["link"].data == b"a.txt"


def test_link_that_is_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to("a.txt")
    assert [entry.data for entry in read(tree("link"), tmp_path)[0].values()] == [b"a"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"x" * 1001)
    (tmp_path / "ok.txt").write_text("k")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        os.chdir(tmp_path)
        sock.bind("s")
        _, unchecked = read(tree(), tmp_path)
    assert sorted((one.what, one.why) for one in unchecked) == [
        ("big.bin", "larger than 1000 bytes"),
        ("pipe", "not a regular file"),
        ("s", "not a regular file"),
    ]


def test_unreadable_file_and_folder_are_unchecked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() == 0:  # root reads everything; a missing permission is then played by a folder that vanished from under us
        from pipeline_guard.adapters.sources.work_tree import read_file

        (tmp_path / "f").write_text("x")

        def refuse(*_: object, **__: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        assert list(read_file("f", tmp_path / "f", 10)) == [Unchecked("f", "cannot be read: permission denied")]
        return
    (tmp_path / "f").write_text("x")
    (tmp_path / "f").chmod(0)
    (tmp_path / "d").mkdir(mode=0)
    _, unchecked = read(tree(), tmp_path)
    assert {one.what for one in unchecked} == {"f", "d"}


def test_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read(tree("nowhere"), tmp_path)


def test_nothing_at_all_is_not_silence(tmp_path: Path, repository: Repository) -> None:
    for selection, folder in (
        (tree(), tmp_path / "empty"),
        (STAGED, repository.path),
        (HISTORY, repository.path),
        (tree(), repository.path),
    ):
        folder.mkdir(exist_ok=True)
        with pytest.raises(NothingToDo):
            read(selection, folder)
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(NothingToDo):
        read(tree("a.txt", exclude=("*.txt",)), tmp_path)
    with pytest.raises(NothingToDo):
        list(StreamSource(Selection(Scope.STDIN), io.BytesIO(b"")).entries())


def test_scopes_of_git_outside_git_are_usage_errors(tmp_path: Path) -> None:
    for selection in (STAGED, HISTORY, commits("a..b")):
        with pytest.raises(UsageError, match="not a git repository"):
            read(selection, tmp_path)


def test_globs_name_paths_names_and_folders() -> None:
    assert is_excluded("docs/a.md", ["docs/"])
    assert is_excluded("src/docs/a.md", ["*.md"])
    assert is_excluded("vendor/x/y.py", ["vendor"])
    assert is_excluded("a/vendor/y.py", ["a/*/y.py"])
    assert not is_excluded("docs2/a.txt", ["docs", "*.md"])


def test_staged_blobs_are_read_and_not_the_work_tree(repository: Repository) -> None:
    repository.write("first.txt", "before any commit")
    repository.git("add", "-A")
    assert list(read(STAGED, repository.path)[0]) == ["first.txt"]
    repository.commit(files={"a.txt": "old", "b.txt": "same"})
    repository.write("a.txt", "staged")
    repository.git("add", "a.txt")
    repository.write("a.txt", "work tree")
    entries, _ = read(STAGED, repository.path / ".")
    assert {path: one.data for path, one in entries.items()} == {"a.txt": b"staged"}


def test_staging_only_deletions_is_something_but_no_text(repository: Repository) -> None:
    repository.commit(files={"a.txt": "a"})
    repository.git("rm", "-q", "a.txt")
    assert read(STAGED, repository.path) == ({}, [])


def test_range_gives_what_each_commit_brought_even_if_it_went_again(repository: Repository) -> None:
    base = repository.commit(files={"old.txt": "old"})
    added = repository.commit(files={"leak.txt": "leak"})
    (repository.path / "leak.txt").unlink()
    repository.commit("remove")
    entries, _ = read(commits(f"{base}..HEAD"), repository.path)
    assert list(entries) == ["leak.txt"]
    origin = entries["leak.txt"].origin
    assert origin is not None
    assert (origin.commit, origin.author) == (added, "Ada")
    assert origin.date[:4].isdigit()


def _merge(repository: Repository) -> str:
    """Make a merge that brings in a file of its own and changes one against both sides; return the base."""
    base = repository.commit(files={"f.txt": "base\n"})
    repository.git("checkout", "-qb", "side")
    repository.commit(files={"f.txt": "side\n", "side.txt": "from the side"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"f.txt": "main\n", "main.txt": "from main"})
    subprocess.run(["git", "merge", "-q", "--no-commit", "side"], cwd=repository.path, capture_output=True, check=False)
    repository.commit("merge", {"f.txt": "resolved\n", "evil.txt": "only in the merge"})
    return base


def test_merge_brings_in_what_differs_from_all_parents(repository: Repository) -> None:
    base = _merge(repository)
    found = [
        one
        for one in open_source(commits(f"{base}..HEAD"), str(repository.path), os.environ).entries()
        if isinstance(one, Entry) and one.blob
    ]
    contents = sorted(one.data for one in found)
    assert contents == [b"from main", b"from the side", b"main\n", b"only in the merge", b"resolved\n", b"side\n"]


def test_merging_the_target_does_not_blame_the_change_for_it(repository: Repository) -> None:
    repository.commit(files={"f.txt": "base\n"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"feature.txt": "ours"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"theirs.txt": "already in main"})
    repository.git("checkout", "-q", "feature")
    repository.git("merge", "-q", "-m", "merge", "main")
    assert list(read(commits("main..feature"), repository.path)[0]) == ["feature.txt"]


def test_odd_paths_modes_and_submodules_of_a_range(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit(files={"a": "a"})
    other = Repository(tmp_path / "other")
    pinned = other.commit(files={"x": "x"})
    repository.write("ü \n\t.txt", "odd")
    (repository.path / "link").symlink_to("a")
    repository.git("add", "-A")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},module")
    repository.git("commit", "-qm", "odd")
    entries, unchecked = read(commits(f"{base}..HEAD"), repository.path)
    assert list(entries) == ["ü \n\t.txt"]
    assert [one.what for one in unchecked] == ["module"]


@pytest.mark.parametrize("revisions", ["HEAD..HEAD", "HEAD..HEAD~1", "0" * 40 + "..HEAD"])
def test_empty_range_is_never_green(repository: Repository, revisions: str) -> None:
    repository.commit(files={"a": "a"})
    repository.commit(files={"b": "b"})
    with pytest.raises(NothingToDo) as caught:
        read(commits(revisions), repository.path)
    assert caught.value.hint


@pytest.mark.parametrize("revisions", ["nowhere..HEAD", "HEAD", "..HEAD", "--all..HEAD", "f" * 40 + "..HEAD"])
def test_unknown_range_is_a_usage_error_with_a_remedy(repository: Repository, revisions: str) -> None:
    repository.commit(files={"a": "a"})
    with pytest.raises(UsageError):
        read(commits(revisions), repository.path)


def test_histories_without_a_common_commit_are_refused(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    repository.git("checkout", "-q", "--orphan", "orphan")
    repository.commit(files={"b": "b"})
    with pytest.raises(NothingToDo, match="no common history"):
        read(commits("main..orphan"), repository.path)


def test_shallow_clone_that_cuts_the_range_is_refused(repository: Repository, tmp_path: Path) -> None:
    for number in range(4):
        repository.commit(files={"a": str(number)})
    repository.git("branch", "target", "HEAD~3")
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth=2", "--no-single-branch", f"file://{repository.path}", str(shallow)],
        check=True,
        capture_output=True,
    )
    with pytest.raises(NothingToDo) as caught:
        read(commits("origin/target..HEAD"), shallow)
    assert "fetch-depth" in caught.value.hint
    _, unchecked = read(HISTORY, shallow)
    assert ["shallow" in one.why for one in unchecked] == [True]


def test_history_gives_every_blob_once_and_knows_where_it_came_from(repository: Repository) -> None:
    first = repository.commit(files={"a.txt": "one", "copy.txt": "one"})
    repository.commit(files={"a.txt": "two"})
    repository.git("checkout", "-qb", "elsewhere")
    third = repository.commit(files={"deep/c.txt": "three"})
    repository.git("checkout", "-q", "main")
    source = open_source(HISTORY, str(repository.path), os.environ)
    found = {one.data: one for one in source.entries() if isinstance(one, Entry)}
    assert {found.pop(b"change\n").path} == {"commit message"}
    assert sorted(found) == [b"one", b"three", b"two"]
    assert found[b"three"].path == "deep/c.txt"
    origins = source.origins({found[b"one"].blob, found[b"three"].blob})
    assert origins[found[b"one"].blob].commit == first
    assert origins[found[b"three"].blob].commit == third
    assert source.commits() == 3


def test_dangling_blobs_come_on_request(repository: Repository) -> None:
    repository.commit(files={"a": "kept"})
    repository.commit(files={"b": "dropped"})
    lost = repository.git("rev-parse", "HEAD:b")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.write("c", "only staged once")
    repository.git("add", "c")
    repository.git("reset", "-q")
    assert "dropped" not in {one.data.decode() for one in read(HISTORY, repository.path)[0].values()}
    found = read(Selection(Scope.HISTORY, dangling=True), repository.path)[0]
    assert {one.data for one in found.values()} >= {b"kept", b"dropped", b"only staged once"}
    assert found[f"dangling blob {lost[:12]}"].blob == lost


def test_large_blobs_are_passed_over_and_said(repository: Repository) -> None:
    repository.commit(files={"big": b"x" * 5000, "small": "s"})
    repository.commit(files={"after": "a"})
    for selection in (Selection(Scope.HISTORY, max_bytes=1000), Selection(Scope.RANGE, revisions="HEAD~1..HEAD", max_bytes=1000)):
        entries, unchecked = read(selection, repository.path)
        assert "after" in entries
        assert [one.what for one in unchecked] == (["big"] if selection.scope is Scope.HISTORY else [])


def test_repository_cannot_make_git_run_its_own_programs(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    base = repository.commit(files={".gitattributes": "*.txt diff=evil filter=evil\n", "a.txt": "a"})
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external", "core.fsmonitor", "filter.evil.smudge"):
        repository.git("config", key, str(trap))
    repository.git("-c", "core.fsmonitor=false", "commit", "-q", "--allow-empty", "-m", "x")
    repository.write("a.txt", "b")
    subprocess.run(["git", "-c", "core.fsmonitor=false", "-c", "filter.evil.clean=cat", "add", "a.txt"], cwd=repository.path, check=True)
    (tmp_path / "sprung").unlink(missing_ok=True)
    for selection in (tree(), STAGED, HISTORY, commits(f"{base}..HEAD")):
        read(selection, repository.path)
    assert not (tmp_path / "sprung").exists()


def test_git_is_the_one_of_this_folder(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    assert GitRepository(str(repository.path)).root() == str(repository.path)


def test_messages_of_commits_and_tags_are_texts_of_a_history(repository: Repository) -> None:
    commit = repository.commit(files={"a.txt": "one"})
    repository.git("tag", "-a", "v1", "-m", "first of all")
    source = open_source(HISTORY, str(repository.path), os.environ)
    found = {one.path: one for one in source.entries() if isinstance(one, Entry) and one.mode == ""}
    assert (found["commit message"].data, found["tag message v1"].data) == (b"change\n", b"first of all\n")
    origin = found["commit message"].origin
    assert origin is not None
    assert origin.commit == commit
    assert origin.date.startswith("20")


def test_what_no_ref_reaches_is_read_on_request_only(repository: Repository) -> None:
    repository.commit(files={"a.txt": "one"})
    repository.commit(files={"a.txt": "gone"})
    repository.git("reset", "-q", "--hard", "HEAD~1")
    texts = {}
    for dangling in (False, True):
        source = open_source(replace(HISTORY, dangling=dangling), str(repository.path), os.environ)
        texts[dangling] = {one.data for one in source.entries() if isinstance(one, Entry)}
    assert b"gone" not in texts[False]
    assert b"gone" in texts[True]


def _object(repository: Repository, name: str) -> Path:
    found = repository.git("rev-parse", name)
    path = repository.path / ".git" / "objects" / found[:2] / found[2:]
    path.chmod(0o644)
    return path


def test_range_whose_trees_git_cannot_compare_is_not_complete(repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    repository.commit(files={"d/b": "b"})
    repository.commit(files={"c": "c"})
    _object(repository, "HEAD~1:d").unlink()
    _, unchecked = read(commits(f"{base}..HEAD"), repository.path)
    assert [one.what for one in unchecked] == ["range"]
    assert "git fsck" in unchecked[0].why


def test_broken_object_of_a_history_is_said_and_the_others_are_read(repository: Repository) -> None:
    repository.commit(files={"a": "kept"})
    repository.commit(files={"b": "broken soon"})
    _object(repository, "HEAD:b").write_bytes(b"garbage")
    entries, unchecked = read(HISTORY, repository.path)
    assert b"kept" in {one.data for one in entries.values()}
    assert unchecked
    assert all("git fsck" in one.why for one in unchecked)
