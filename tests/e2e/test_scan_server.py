# SPDX-License-Identifier: Apache-2.0
"""Repositories without a work tree, as servers have them, and the hook that refuses a push; clones that lack objects."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_guard.scan.sample import expand
from tests.conftest import Outcome, Repository

TOKEN = expand("ghp_{crc62:30}")
HOOK = f"""#!/bin/sh
{sys.executable} -m pipeline_guard scan --range auto
code=$?
[ "$code" -eq 3 ] && exit 0
exit "$code"
"""
Guard = Callable[..., Outcome]


def found(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["path"], one.get("commit", "")) for one in json.loads(outcome.out)["findings"]]


def bare(repository: Repository, to: Path) -> Path:
    repository.git("clone", "-q", "--bare", ".", str(to))
    return to


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bare repository whose pre-receive hook scans."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    path = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    hook = path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    return path


def push(repository: Repository, server: Path, *refs: str) -> tuple[int, str]:
    done = subprocess.run(["git", "push", str(server), *refs], cwd=repository.path, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_bare_repository_has_ranges_and_a_history(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"a": "a"})
    leak = repository.commit(files={"leak.txt": TOKEN})
    repository.git("rm", "-q", "leak.txt")
    repository.commit("gone")
    folder = bare(repository, tmp_path / "bare.git")
    for words in (("--range", "main~2..main"), ("--history",)):
        for place in (folder, folder / "refs"):
            done = guard("scan", *words, "--format", "json", cwd=place)
            assert (done.code, found(done)) == (1, [("leak.txt", leak)]), done.err
    done = guard("scan", cwd=folder)
    assert (done.code, "--history or --range" in done.err) == (2, True)


def test_history_of_a_bare_repository_is_judged_by_its_own_head(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={".pipeline-guard.yml": "version: 1\nscan: {exclude: [kept]}\n", "kept/leak.txt": TOKEN})
    assert guard("scan", "--history", cwd=bare(repository, tmp_path / "bare.git")).code == 0
    repository.git("branch", "-m", "main", "other")
    unborn = bare(repository, tmp_path / "unborn.git")
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/main"], cwd=unborn, check=True)
    assert guard("scan", "--history", cwd=unborn).code == 1, "where HEAD names nothing no file of it can excuse anything"


def test_baseline_that_a_flag_names_is_a_file_also_where_there_is_no_work_tree(
    guard: Guard, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(files={"leak.txt": TOKEN})
    folder = bare(repository, tmp_path / "bare.git")
    known = str(tmp_path / "known.json")
    assert guard("scan", "--history", "--write-baseline", known, cwd=folder).code == 0
    assert guard("scan", "--history", "--baseline", known, cwd=folder).code == 0
    assert guard("scan", "--history", cwd=folder).code == 1


def test_push_is_scanned_before_any_ref_has_it(server: Path, repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    assert push(repository, server, "HEAD:main")[0] == 0
    repository.commit(files={"leak.txt": TOKEN})
    repository.commit(files={"leak.txt": "gone"})
    code, said = push(repository, server, "HEAD:main")
    assert (code, "leak.txt:1:1" in said, "looking at 2 commits that the push brings" in said) == (1, True, True)
    code, said = push(repository, server, "HEAD~2:refs/heads/fine", "HEAD:refs/heads/new")
    assert (code, "leak.txt:1:1" in said) == (1, True), "a new branch has no base, and is looked at all the same"
    assert TOKEN not in said
    listed = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=server, capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["refs/heads/main"]


def test_push_without_new_commits_passes_and_the_message_of_a_tag_is_read(server: Path, repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    assert push(repository, server, "HEAD:main")[0] == 0
    assert push(repository, server, "HEAD:refs/heads/same")[0] == 0
    assert push(repository, server, ":refs/heads/same")[0] == 0
    repository.git("tag", "-a", "-m", "the first", "v1")
    assert push(repository, server, "v1")[0] == 0
    repository.git("tag", "-a", "-m", f"see {TOKEN}", "v2")
    code, said = push(repository, server, "v2")
    assert (code, "tag message:1:5" in said) == (1, True)
    repository.git("tag", "blob", "HEAD:a")
    code, said = push(repository, server, "blob")
    assert (code, "no commit and no tag" in said) == (1, True)


def test_push_is_judged_by_the_head_that_it_would_replace(server: Path, repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    assert push(repository, server, "HEAD:main")[0] == 0
    repository.commit(files={".pipeline-guard.yml": "version: 1\nscan: {exclude: ['*.txt']}\n"})
    assert push(repository, server, "HEAD:refs/heads/mine")[0] == 0
    repository.commit(files={"leak.txt": TOKEN})
    assert push(repository, server, "HEAD:refs/heads/mine")[0] == 1


def test_hook_that_is_no_pre_receive_is_an_error_and_no_pass(guard: Guard, server: Path, repository: Repository) -> None:
    repository.commit(files={"leak.txt": TOKEN})
    for hook in ("update", "post-receive"):
        (server / "hooks" / "pre-receive").rename(server / "hooks" / hook)
        said = push(repository, server, f"HEAD:refs/heads/{hook}")[1]
        assert "this is not git's pre-receive hook" in said, said
        (server / "hooks" / hook).rename(server / "hooks" / "pre-receive")
    for text in ("", "hello\n", f"{'0' * 40} {'a' * 40} refs/heads/x\n"):
        done = guard("scan", "--range", "auto", cwd=server, stdin=text, env={"GIT_DIR": "."})
        assert (done.code, done.err.count("error:")) == (2, 1), done.err
    done = guard("scan", "--range", "auto", cwd=server, stdin=f"{'a' * 40} {'0' * 40} refs/heads/x\n", env={"GIT_DIR": "."})
    assert (done.code, "the push only deletes" in done.err) == (3, True)


def test_files_that_are_named_are_read_in_a_bare_repository_too(guard: Guard, server: Path) -> None:
    (server / "description").write_text(TOKEN)
    assert guard("scan", "description", cwd=server).code == 1


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_partial_clone_reads_what_is_there_and_is_never_green(guard: Guard, repository: Repository, tmp_path: Path, kind: str) -> None:
    base = repository.commit(files={"a": "a"})
    repository.commit(files={"b": "is gone later"})
    leak = repository.commit(files={"leak.txt": TOKEN, "b": "b"})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    subprocess.run(["git", "clone", "-q", f"--filter={kind}", f"file://{repository.path}", str(partial)], check=True, capture_output=True)
    subprocess.run(["git", "remote", "set-url", "origin", "file:///nowhere"], cwd=partial, check=True)
    for words in (("--range", f"{base}..HEAD"), ("--history",)):
        done = guard("scan", *words, "--format", "json", cwd=partial)
        assert done.code in ((1,) if kind == "blob:none" else (1, 3)), done.err
        if done.code == 1:
            assert [path for path, _ in found(done)] == ["leak.txt"]
            assert any("git fetch --refetch --no-filter" in one["why"] for one in json.loads(done.out)["unchecked"])
        else:
            assert "git fetch --refetch --no-filter" in done.err
    assert leak


def test_configuration_that_a_partial_clone_lacks_is_not_taken_for_none(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    base = repository.commit(files={".pipeline-guard.yml": "version: 1\nscan: {threshold: info}\n"})
    repository.commit(files={".pipeline-guard.yml": "version: 1\n", "a": "a"})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    subprocess.run(["git", "clone", "-q", "--filter=blob:none", f"file://{repository.path}", str(partial)], check=True, capture_output=True)
    subprocess.run(["git", "remote", "set-url", "origin", "file:///nowhere"], cwd=partial, check=True)
    for words in (("scan", "--range", f"{base}..HEAD"), ("gate", "--base", base)):
        done = guard(*words, cwd=partial)
        assert (done.code, "this clone is partial" in done.err) == (3, True), done.err


def test_range_that_cannot_be_resolved_is_nothing_looked_at(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"a": "a"})
    repository.commit(files={"b": "b"})
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repository.path}", str(shallow)], check=True)
    cases = (
        (repository.path, f"{'d' * 40}..HEAD", "git fetch origin"),
        (repository.path, "HEAD~9..HEAD", "scan --history"),
        (shallow, "HEAD~1..HEAD", "fetch-depth: 0"),
    )
    for folder, revisions, remedy in cases:
        done = guard("scan", "--range", revisions, cwd=folder)
        assert (done.code, remedy in done.err, done.out) == (3, True, ""), done.err
