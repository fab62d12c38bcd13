# SPDX-License-Identifier: Apache-2.0
"""Ranges on throw-away repositories: every way in which one could be green without having looked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.commit_range import GitRevisions
from pipeline_guard.adapters.sources.opening import open_source
from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.verdict import Unchecked
from tests.conftest import Repository


def brought(repository: Path, revisions: str) -> dict[bytes, str]:
    """Return the contents that a range brought in (texts of commits aside), and the commit that each is laid to."""
    found = {}
    for one in open_source(Selection(Scope.RANGE, revisions=revisions), str(repository), os.environ).entries():
        if isinstance(one, Entry) and one.blob:
            found[one.data] = one.origin.commit if one.origin else ""
    return found


def clone(repository: Repository, to: Path, *words: str) -> Path:
    subprocess.run(["git", "clone", "-q", *words, f"file://{repository.path}", str(to)], check=True, capture_output=True)
    return to


def resolve(folder: Path, revisions: str) -> tuple[str, str, int]:
    found = GitRevisions(GitRepository(str(folder))).resolve(revisions)
    return found.base, found.head, found.commits


def test_range_is_resolved_to_ids_and_counted(repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    repository.commit(files={"b": "b"})
    head = repository.commit(files={"c": "c"})
    repository.git("tag", "-a", "-m", "t", "v1", base)
    for written in (f"{base}..{head}", "v1..HEAD", "v1...main", "HEAD~2..", f"{base[:10]}..main"):
        assert resolve(repository.path, written) == (base, head, 2)


def test_base_that_is_no_ancestor_is_measured_from_where_the_two_parted(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"mine": "mine"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"theirs": "theirs"})
    assert list(brought(repository.path, "main..feature")) == [b"mine"]
    assert list(brought(repository.path, "main...feature")) == [b"mine"]


def test_force_push_brings_what_the_new_commits_hold(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    before = repository.commit(files={"old": "old"})
    repository.git("reset", "-q", "--hard", "HEAD~1")
    after = repository.commit(files={"new": "new"})
    assert brought(repository.path, f"{before}..{after}") == {b"new": after}


def test_rebase_and_squash_are_read_as_what_they_made(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"leak": "leak"})
    repository.commit(files={"leak": "clean"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"b": "b"})
    repository.git("checkout", "-q", "feature")
    repository.git("rebase", "-q", "main")
    assert list(brought(repository.path, "main..feature")) == [b"leak", b"clean"], "added and removed inside the range is leaked"
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--squash", "feature")
    squashed = repository.commit("squash")
    assert brought(repository.path, "HEAD~1..HEAD") == {b"clean": squashed}


def test_octopus_merge_gives_all_its_sides_and_its_own(repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    for side in ("one", "two", "three"):
        repository.git("checkout", "-q", "-b", side, base)
        repository.commit(files={side: side})
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-commit", "one", "two", "three")
    merge = repository.commit("octopus", {"evil": "evil"})
    found = brought(repository.path, f"{base}..HEAD")
    assert sorted(found) == [b"evil", b"one", b"three", b"two"]
    assert found[b"evil"] == merge


@pytest.mark.parametrize("resolved", ["only in the merge", "MAIN\n"])
def test_secret_that_only_the_merge_commit_holds_is_found(repository: Repository, resolved: str) -> None:
    repository.commit(files={"f": "base\n"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"f": "feature\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"f": "main\n"})
    subprocess.run(["git", "merge", "-q", "--no-commit", "feature"], cwd=repository.path, capture_output=True, check=False)
    merge = repository.commit("merge", {"f": resolved})
    assert brought(repository.path, f"{merge}^1..{merge}")[resolved.encode()] == merge
    assert brought(repository.path, f"{merge}^2..{merge}")[resolved.encode()] == merge


def test_merge_commit_of_the_forge_is_the_change_against_its_first_parent(repository: Repository) -> None:
    stale = repository.commit(files={"a": "a"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"mine": "mine"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"theirs": "theirs"})
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
    merge = repository.git("rev-parse", "HEAD")
    assert list(brought(repository.path, f"{merge}^1..{merge}")) == [b"mine"]
    assert sorted(brought(repository.path, f"{stale}..{merge}")) == [b"mine", b"theirs"]


def test_fork_is_read_by_its_commits(repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"a": "a"})
    fork = Repository(tmp_path / "fork")
    fork.git("remote", "add", "upstream", str(repository.path))
    fork.git("pull", "-q", "upstream", "main")
    fork.commit(files={"theirs": "from the fork"})
    repository.git("fetch", "-q", str(fork.path), "main:refs/remotes/fork/main")
    assert list(brought(repository.path, "main..fork/main")) == [b"from the fork"]


def test_tag_that_points_to_a_tag_is_peeled_and_one_that_names_a_file_is_refused(repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    head = repository.commit(files={"b": "b"})
    repository.git("tag", "-a", "-m", "t", "v1")
    repository.git("tag", "-a", "-m", "t", "v2", "v1")
    repository.git("tag", "file", f"{head}:a")
    assert resolve(repository.path, f"{base}..v2") == (base, head, 1)
    with pytest.raises(UsageError, match="unknown revision"):
        resolve(repository.path, f"{base}..file")


def test_renames_modes_and_deletions_hide_nothing(repository: Repository) -> None:
    base = repository.commit(files={"a": "one\n" * 50, "b": "two"})
    repository.git("mv", "a", "c")
    repository.commit("renamed and changed", {"c": "one\n" * 50 + "added"})
    (repository.path / "b").chmod(0o755)
    repository.commit("mode")
    repository.git("rm", "-q", "b")
    repository.commit("gone")
    found = brought(repository.path, f"{base}..HEAD")
    assert b"one\n" * 50 + b"added" in found
    assert resolve(repository.path, f"{base}..HEAD")[2] == 3


def test_pointers_of_large_files_are_read_as_stored_and_filters_do_not_run(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit(files={"a": "a"})
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5\n"
    repository.commit(files={".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "x.bin": pointer})
    assert pointer.encode() in brought(repository.path, f"{base}..HEAD")


def test_what_replaces_or_grafts_commits_here_is_not_believed(repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    leak = repository.commit(files={"leak": "leak"})
    clean = repository.commit(files={"leak": "clean"})
    repository.git("replace", "--graft", clean, base)
    (repository.path / ".git" / "info" / "grafts").write_text(f"{clean} {base}\n")
    assert brought(repository.path, f"{base}..{clean}") == {b"leak": leak, b"clean": clean}


def test_orphan_and_unrelated_histories_are_refused_with_a_way_out(repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    repository.git("checkout", "-q", "--orphan", "orphan")
    repository.commit(files={"b": "b"})
    with pytest.raises(NothingToDo, match="no common history") as caught:
        resolve(repository.path, "main..orphan")
    assert "--history" in caught.value.hint


def cut_range(repository: Repository, folder: Path) -> str:
    clone(repository, folder, "--depth=2", "--no-single-branch")
    return "origin/target..HEAD"


def unknown_base(repository: Repository, folder: Path) -> str:
    clone(repository, folder, "--depth=2")
    return repository.git("rev-parse", "target") + "..HEAD"


def common_commit_lies_below(repository: Repository, folder: Path) -> str:
    repository.git("checkout", "-q", "-b", "side", "target")
    repository.commit(files={"side": "side"})
    clone(repository, folder, "--depth=1", "--no-single-branch")
    return "origin/main..origin/side"


@pytest.mark.parametrize("make", [cut_range, unknown_base, common_commit_lies_below])
def test_shallow_clone_is_refused_and_told_how_to_fetch(
    repository: Repository, tmp_path: Path, make: Callable[[Repository, Path], str]
) -> None:
    for number in range(5):
        repository.commit(files={"a": str(number)})
    repository.git("branch", "target", "HEAD~4")
    revisions = make(repository, tmp_path / "shallow")
    with pytest.raises((NothingToDo, UsageError)) as caught:
        resolve(tmp_path / "shallow", revisions)
    assert "fetch-depth" in caught.value.hint


def test_shallow_clone_that_holds_the_whole_range_is_fine(repository: Repository, tmp_path: Path) -> None:
    for number in range(5):
        repository.commit(files={"a": str(number)})
    shallow = clone(repository, tmp_path / "shallow", "--depth=3")
    assert sorted(brought(shallow, "HEAD~1..HEAD")) == [b"4"]


def test_messages_of_commits_are_texts_of_the_range(repository: Repository) -> None:
    base = repository.commit("before")
    first = repository.commit("subject\n\nbody", {"a": "a"})
    empty = repository.commit("nothing but words")
    found = {
        one.origin.commit: one
        for one in open_source(Selection(Scope.RANGE, revisions=f"{base}..HEAD"), str(repository.path), os.environ).entries()
        if isinstance(one, Entry) and one.path == "commit message" and one.origin
    }
    assert {commit: one.data for commit, one in found.items()} == {first: b"subject\n\nbody\n", empty: b"nothing but words\n"}
    assert {one.origin.author for one in found.values() if one.origin} == {"Ada"}


def test_missing_objects_are_unchecked(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit(files={"a": "a"})
    repository.commit(files={"b": "b" * 100})
    blob = repository.git("rev-parse", "HEAD:b")
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    found = list(open_source(Selection(Scope.RANGE, revisions=f"{base}..HEAD"), str(repository.path), os.environ).entries())
    assert [one.what for one in found if isinstance(one, Unchecked)] == ["b"]


def test_files_of_a_revision_are_read_as_they_were(repository: Repository) -> None:
    base = repository.commit(files={"rules/a.yml": "A", "rules/b.yml": "B", "rules/deep/c.yml": "C", "one.yml": "1"})
    repository.commit(files={"rules/a.yml": "changed", "one.yml": "changed"})
    revisions = GitRevisions(GitRepository(str(repository.path / "rules")))
    assert revisions.files(base, "rules") == [("rules/a.yml", b"A"), ("rules/b.yml", b"B")]
    assert revisions.files(base, "./rules/") == revisions.files(base, "rules")
    assert revisions.files(base, "one.yml") == [("one.yml", b"1")]
    assert revisions.files(base, "nowhere") == []


TRAPS = {
    "core.fsmonitor": "{trap}",
    "core.hooksPath": "{hooks}",
    "core.sshCommand": "{trap}",
    "core.pager": "{trap}",
    "core.editor": "{trap}",
    "core.askPass": "{trap}",
    "core.gitProxy": "{trap}",
    "core.alternateRefsCommand": "{trap}",
    "diff.external": "{trap}",
    "diff.evil.textconv": "{trap}",
    "diff.evil.command": "{trap}",
    "filter.evil.clean": "{trap}",
    "filter.evil.smudge": "{trap}",
    "filter.evil.process": "{trap}",
    "filter.evil.required": "true",
    "merge.evil.driver": "{trap}",
    "gpg.program": "{trap}",
    "log.showSignature": "true",
    "credential.helper": "!{trap}",
    "protocol.ext.allow": "always",
    "protocol.file.allow": "always",
    "remote.origin.url": "ext::{trap}",
    "remote.origin.promisor": "true",
    "remote.origin.uploadpack": "{trap}",
    "uploadpack.packObjectsHook": "{trap}",
    "extensions.partialClone": "origin",
    "core.repositoryFormatVersion": "1",
    "submodule.recurse": "true",
    "diff.submodule": "log",
    "status.submoduleSummary": "true",
}


@pytest.fixture
def trapped(repository: Repository, tmp_path: Path) -> Repository:
    """A repository whose own configuration, hooks and attributes try to run a program, and that lacks an object."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    repository.commit(files={"a.txt": "a"})
    lost = repository.commit(files={"lost.txt": "lost"})
    repository.commit(files={".gitattributes": "* diff=evil filter=evil merge=evil\n", "b.txt": "b"})
    blob = repository.git("rev-parse", f"{lost}:lost.txt")
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman", "post-checkout"):
        for folder in (hooks, repository.path / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            (folder / hook).write_text(trap.read_text())
            (folder / hook).chmod(0o755)
    more = tmp_path / "more.config"
    more.write_text("")
    for key, value in TRAPS.items():
        # half of it by an included file, as a configuration may hide it
        target = more if key.startswith(("core.fsmonitor", "diff.", "filter.")) else repository.path / ".git" / "config"
        subprocess.run(["git", "config", "-f", str(target), key, value.format(trap=trap, hooks=hooks)], check=True)
    subprocess.run(["git", "config", "-f", str(repository.path / ".git" / "config"), "include.path", str(more)], check=True)
    (repository.path / "a.txt").write_text("b")  # same size, another time: git would want to look again
    os.utime(repository.path / "a.txt", (1, 1))
    (repository.path / "new.txt").write_text("n")
    return repository


SELECTIONS = [
    Selection(Scope.TREE),
    Selection(Scope.TREE, ("a.txt",)),
    Selection(Scope.STAGED),
    Selection(Scope.HISTORY),
    Selection(Scope.RANGE, revisions="HEAD~2..HEAD"),
]


@pytest.mark.parametrize("selection", SELECTIONS, ids=lambda one: one.scope.value)
def test_repository_of_a_stranger_runs_nothing(trapped: Repository, tmp_path: Path, selection: Selection) -> None:
    try:
        list(open_source(selection, str(trapped.path), os.environ).entries())
    except (NothingToDo, UsageError):
        assert selection.scope is Scope.STAGED, "only the index has nothing to give"
    assert not (tmp_path / "sprung").exists()


def test_other_questions_to_the_repository_run_nothing_either(trapped: Repository, tmp_path: Path) -> None:
    git = GitRepository(str(trapped.path))
    git.show("HEAD", "b.txt")
    git.changed("HEAD~1")
    git.merge_target()
    git.remote_path()
    GitRevisions(git).files("HEAD", ".gitattributes")
    assert not (tmp_path / "sprung").exists()


def test_filter_that_could_not_be_switched_off_is_refused(trapped: Repository, tmp_path: Path) -> None:
    repository_config = trapped.path / ".git" / "config"
    subprocess.run(["git", "config", "-f", str(repository_config), "filter.a=b.clean", f"touch {tmp_path}/sprung"], check=True)
    (trapped.path / ".gitattributes").write_text("* filter=a=b\n")
    with pytest.raises(UsageError, match="equals sign"):
        GitRepository(str(trapped.path)).changed("HEAD~1")
    assert not (tmp_path / "sprung").exists()


def test_the_trap_of_these_tests_springs_where_git_is_asked_plainly(trapped: Repository, tmp_path: Path) -> None:
    subprocess.run(["git", "diff"], cwd=trapped.path, capture_output=True, check=False)
    assert (tmp_path / "sprung").exists()


def test_git_folder_that_is_a_file_leads_nowhere_else_than_git_says(repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"a": "a"})
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_text("gitdir: /nonexistent\n")
    (stranger / "secret.txt").write_text("s")
    with pytest.raises(UsageError):
        list(open_source(Selection(Scope.HISTORY), str(stranger), os.environ).entries())
    found = [one.path for one in open_source(Selection(Scope.TREE), str(stranger), os.environ).entries() if isinstance(one, Entry)]
    assert "secret.txt" in found, "a broken link to a repository must not make files invisible"


def test_objects_of_another_repository_are_read_and_not_its_configuration(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit(files={"a": "a"})
    head = repository.commit(files={"b": "b"})
    other = Repository(tmp_path / "other")
    (other.path / ".git" / "objects" / "info" / "alternates").write_text(f"{repository.path}/.git/objects\n")
    assert brought(other.path, f"{base}..{head}") == {b"b": head}
