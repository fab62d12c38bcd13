# SPDX-License-Identifier: Apache-2.0
"""Ranges as a job uses them: what is said, what is found, and that nothing is green by accident."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.scan.sample import expand
from tests.conftest import Outcome, Repository

TOKEN = expand("ghp_{crc62:30}")
Guard = Callable[..., Outcome]


def found(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["path"], one.get("commit", "")) for one in json.loads(outcome.out)["findings"]]


def event(folder: Path, name: str, payload: object, **more: str) -> dict[str, str]:
    """Return the variables of a GitHub job with this event."""
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **more}


def pull_request(repository: Repository) -> tuple[str, str, str]:
    """Make a pull request with a secret that comes and goes, a target that moved on, and the forge's merge; return base, head, merge."""
    base = repository.commit(files={"a": "a"})
    repository.git("checkout", "-qb", "feature")
    repository.commit(files={"leak.txt": TOKEN})
    head = repository.commit(files={"leak.txt": "gone"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"theirs.txt": TOKEN})
    repository.git("checkout", "-q", "--detach")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
    return base, head, repository.git("rev-parse", "HEAD")


def test_range_that_is_looked_at_is_said(guard: Guard, repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    repository.commit(files={"b": "b"})
    head = repository.commit(files={"c": "c"})
    done = guard("scan", "--range", "HEAD~2..HEAD", cwd=repository.path)
    assert (done.code, f"looking at 2 commits: {base[:12]}..{head[:12]} (HEAD~2..HEAD)" in done.err) == (0, True)
    assert guard("scan", "--quiet", "--range", "HEAD~2..HEAD", cwd=repository.path).err == ""


def test_auto_on_a_pull_request_is_the_change_and_not_what_the_target_brought(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    base, head, merge = pull_request(repository)
    payload = {"pull_request": {"base": {"sha": base}, "head": {"sha": head}}}
    variables = event(tmp_path, "pull_request", payload, GITHUB_REF="refs/pull/1/merge", GITHUB_SHA=merge)
    done = guard("scan", "--range", "auto", "--format", "json", cwd=repository.path, env=variables)
    assert done.code == 1, done.err
    assert [path for path, _ in found(done)] == ["leak.txt"]
    assert f"({merge}^1..{merge})" in done.err
    elsewhere = guard("scan", "--range", "auto", cwd=repository.path, env={**variables, "GITHUB_SHA": "d" * 40})
    assert (elsewhere.code, f"({base}..{head})" in elsewhere.err) == (1, True), "the merge is not here, but base and head are"


def test_auto_on_a_shallow_checkout_fails_with_the_remedy(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    base, head, merge = pull_request(repository)
    repository.git("branch", "merged")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=merged", f"file://{repository.path}", str(shallow)], check=True)
    payload = {"pull_request": {"base": {"sha": base}, "head": {"sha": head}}}
    variables = event(tmp_path, "pull_request", payload, GITHUB_REF="refs/pull/1/merge", GITHUB_SHA=merge)
    done = guard("scan", "--range", "auto", cwd=shallow, env=variables)
    assert (done.code, "fetch-depth: 0" in done.err) == (3, True)


@pytest.mark.parametrize("forced", [False, True])
def test_auto_on_a_push_is_what_came_with_it(guard: Guard, repository: Repository, tmp_path: Path, forced: bool) -> None:
    repository.commit(files={"a": "a"})
    before = repository.commit(files={"old": "old"})
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
    repository.git("checkout", "-qb", "topic")
    if forced:
        repository.git("reset", "-q", "--hard", "HEAD~1")
    after = repository.commit(files={"leak.txt": TOKEN})
    payload = {"before": before, "after": after, "repository": {"default_branch": "main"}}
    variables = event(tmp_path, "push", payload, GITHUB_REF="refs/heads/topic")
    done = guard("scan", "--range", "auto", "--format", "json", cwd=repository.path, env=variables)
    assert (done.code, found(done)) == (1, [("leak.txt", after)])
    gone = event(tmp_path, "push", {**payload, "before": "d" * 40}, GITHUB_REF="refs/heads/topic")
    done = guard("scan", "--range", "auto", "--format", "json", cwd=repository.path, env=gone)
    assert (done.code, found(done)) == (1, [("leak.txt", after)]), "what was before is unknown: from where it left the default branch"
    assert "cannot resolve" in done.err
    done = guard("scan", "--range", "auto", cwd=repository.path, env={**gone, "GITHUB_REF": "refs/heads/main"})
    assert (done.code, "unknown revision" in done.err) == (3, True)


def test_auto_on_a_new_branch_of_gitlab(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("checkout", "-qb", "topic")
    after = repository.commit(files={"leak.txt": TOKEN})
    variables = {
        "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": after, "CI_COMMIT_BEFORE_SHA": "0" * 40,
        "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main",
    }  # fmt: skip
    assert found(guard("scan", "--range", "auto", "--format", "json", cwd=repository.path, env=variables)) == [("leak.txt", after)]
    at_target = {**variables, "CI_COMMIT_SHA": repository.git("rev-parse", "main")}
    done = guard("scan", "--range", "auto", cwd=repository.path, env=at_target)
    assert (done.code, "holds no commit" in done.err) == (3, True)


def test_auto_without_a_range_looks_at_the_tree_and_says_so(guard: Guard, repository: Repository, tmp_path: Path) -> None:
    repository.commit(files={"leak.txt": TOKEN})
    done = guard("scan", "--range", "auto", cwd=repository.path, env=event(tmp_path, "schedule", {}))
    assert (done.code, "the event (schedule) has no range of commits" in done.err) == (1, True)
    assert guard("scan", "--range", "auto", cwd=repository.path).code == 2


def test_rules_of_the_configuration_come_from_the_base(guard: Guard, repository: Repository) -> None:
    rule: dict[str, Any] = {"id": "acme-token", "title": "t", "severity": "high", "pattern": "acme_[a-z]{12}", "source": "s", "hint": "h"}
    rule["examples"] = ["acme_kqzvhtbnwmxr"]
    repository.write("guard/own.yml", json.dumps({"rules": [rule]}))
    base = repository.commit(files={".pipeline-guard.yml": "version: 1\nscan:\n  rules: [guard]\n"})
    repository.commit(files={"a.txt": "acme_tbnkqzwmvhxr", "guard/own.yml": json.dumps({"rules": []})})
    done = guard("scan", "--range", f"{base}..HEAD", "--format", "json", cwd=repository.path)
    assert (done.code, [path for path, _ in found(done)]) == (1, ["a.txt"]), done.err


def test_secret_of_a_merge_commit_alone_is_found(guard: Guard, repository: Repository) -> None:
    base = repository.commit(files={"f": "a"})
    repository.git("checkout", "-qb", "side")
    repository.commit(files={"side": "b"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"main": "c"})
    repository.git("merge", "-q", "--no-commit", "--no-ff", "side")
    merge = repository.commit("merge", {"evil.txt": TOKEN})
    repository.commit(files={"evil.txt": "gone"})
    done = guard("scan", "--range", f"{base}..HEAD", "--format", "json", cwd=repository.path)
    assert (done.code, found(done)) == (1, [("evil.txt", merge)])


def test_secret_in_a_message_is_found(guard: Guard, repository: Repository) -> None:
    base = repository.commit(files={"a": "a"})
    leak = repository.commit(f"use the token\n\nit is {TOKEN}\n", {"b": "b"})
    done = guard("scan", "--range", f"{base}..HEAD", "--format", "json", cwd=repository.path)
    assert (done.code, found(done)) == (1, [("commit message", leak)])
    assert [one["line"] for one in json.loads(done.out)["findings"]] == [3]


def test_dangling_belongs_to_the_history(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a": "a"})
    assert guard("scan", "--dangling", cwd=repository.path).code == 2


def test_commits_that_only_delete_are_looked_at_and_so_is_their_message(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"a": "a", "b": "b"})
    repository.git("rm", "-q", "b")
    repository.commit("gone")
    done = guard("scan", "--range", "HEAD~1..HEAD", cwd=repository.path)
    assert (done.code, "1 commit" in done.err) == (0, True)
    repository.commit(f"gone with {TOKEN}")
    assert guard("scan", "--range", "HEAD~1..HEAD", cwd=repository.path).code == 1


def test_finding_of_a_history_has_the_path_that_its_commit_gave_it(guard: Guard, repository: Repository) -> None:
    leak = repository.commit(files={"zz/first.txt": TOKEN})
    repository.git("mv", "zz/first.txt", "aa.txt")
    repository.commit("moved")
    done = guard("scan", "--history", "--format", "json", cwd=repository.path)
    assert (done.code, found(done)) == (1, [("zz/first.txt", leak)])


def test_history_reads_what_an_excluded_folder_has_in_common_with_others(guard: Guard, repository: Repository) -> None:
    repository.commit(files={"aa/sample.txt": TOKEN})
    assert guard("scan", "--history", "--exclude", "aa", cwd=repository.path).code == 0
    leak = repository.commit(files={"zz/real.txt": TOKEN})
    done = guard("scan", "--history", "--exclude", "aa", "--format", "json", cwd=repository.path)
    assert (done.code, found(done)) == (1, [("zz/real.txt", leak)])
    assert json.loads(done.out)["stats"]["commits"] == 2


def test_what_a_pointer_of_git_lfs_stands_for_is_read_where_it_is_here_and_told_where_it_is_not(
    guard: Guard, repository: Repository
) -> None:
    content = b"\0" * 2000 + f"key = {TOKEN}\n".encode()
    name = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(content)}\n"
    repository.commit(files={"a": "a", ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    repository.write("data.bin", pointer)
    repository.git("add", "-A")
    assert guard("scan", "--staged", cwd=repository.path).code == 6
    leak = repository.commit()
    everywhere = (("--range", "HEAD~1..HEAD"), ("--history",))
    for words in everywhere:
        done = guard("scan", *words, "--format", "json", cwd=repository.path)
        assert (done.code, [one["path"] for one in json.loads(done.out)["unchecked"]]) == (6, ["data.bin"])
    store = repository.path / ".git" / "lfs" / "objects" / name[:2] / name[2:4]
    store.mkdir(parents=True)
    (store / name).write_bytes(content)
    for words in everywhere:
        done = guard("scan", *words, "--format", "json", cwd=repository.path)
        assert (done.code, found(done), json.loads(done.out)["unchecked"]) == (1, [("data.bin", leak)], [])
