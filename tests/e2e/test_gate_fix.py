# SPDX-License-Identifier: Apache-2.0
"""gate --fix as a command: from a lock, from this repository, from a forge; dry and real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.http import serving

SHA = "a" * 40
WORKFLOW = ".github/workflows/w.yml"
USES = "on: push\njobs:\n  a:\n    steps:\n      - uses: o/r@v4   # the tool\n"
LOCK = f"version: 'v0.0.2'\nworkflows:\n  {WORKFLOW}: [o/r@v4]\ndependencies:\n  o/r@v4: {{ref: v4, commit: 'sha1-{SHA}', owner_id: 1, repo_id: 2}}\n"


def test_nothing_proven_nothing_changed(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {WORKFLOW: USES})
    done = guard("gate", "--fix", cwd=repository.path)
    assert done.code == 1
    assert f"left    {WORKFLOW}:5  o/r@v4: nothing here proves a commit" in done.out
    assert (repository.path / WORKFLOW).read_text() == USES


def test_a_lock_proves_and_a_dry_run_writes_nothing(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {WORKFLOW: USES, ".github/workflows/actions.lock": LOCK})
    (repository.path / WORKFLOW).chmod(0o640)
    dry = guard("gate", "--fix", "--diff", cwd=repository.path)
    assert dry.code == 0
    assert f"+      - uses: o/r@{SHA} # v4 (the tool)\n" in dry.out
    assert (repository.path / WORKFLOW).read_text() == USES
    real = guard("gate", "--fix", cwd=repository.path)
    assert (real.code, real.out.splitlines()[-1]) == (0, "1 pinned in 1 file, 0 left")
    assert (repository.path / WORKFLOW).read_text() == USES.replace("o/r@v4   # the tool", f"o/r@{SHA} # v4 (the tool)")
    assert (repository.path / WORKFLOW).stat().st_mode & 0o777 == 0o640
    again = guard("gate", "--fix", cwd=repository.path)
    assert (again.code, again.out.splitlines()[-1]) == (0, "0 pinned in 0 files, 0 left")


def test_this_repositorys_own_tags_prove(guard: Callable[..., Any], repository: Any) -> None:
    repository.git("remote", "add", "origin", "https://github.com/O/R.git")
    repository.commit("start", {WORKFLOW: USES})
    repository.git("tag", "-a", "-m", "x", "v4")
    done = guard("gate", "--fix", cwd=repository.path)
    assert (done.code, "(by this repository)" in done.out) == (0, True)
    assert f"o/r@{repository.git('rev-parse', 'HEAD').strip()} # v4" in (repository.path / WORKFLOW).read_text()


def test_the_forge_proves_only_its_own_commits(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {WORKFLOW: USES})
    with serving() as server:
        environment = {"GITHUB_API_URL": server.url}
        server.answers["/repos/o/r/git/ref/tags/v4"] = {"object": {"type": "commit", "sha": SHA}}
        server.answers["/repos/o/r/tags?per_page=100&page=1"] = []
        server.answers["/repos/o/r"] = {"default_branch": "main"}
        server.answers[f"/repos/o/r/git/commits/{SHA}"] = {"sha": SHA}
        server.answers["/repos/o/r/branches?per_page=100&page=1"] = []
        server.answers[f"/repos/o/r/compare/main...{SHA}?per_page=1"] = {"status": "diverged"}
        refused = guard("gate", "--fix", "--network", "try", cwd=repository.path, env=environment)
        assert (refused.code, "on no branch or tag of o/r" in refused.out) == (1, True)
        server.answers[f"/repos/o/r/compare/main...{SHA}?per_page=1"] = {"status": "behind"}
        assert guard("gate", "--fix", "--network", "try", cwd=repository.path, env=environment).code == 0
        judged = guard("gate", "--network", "require", cwd=repository.path, env=environment)
        assert judged.code == 0, judged.out
        server.answers[f"/repos/o/r/compare/main...{SHA}?per_page=1"] = {"status": "diverged"}
        server.answers["/repos/o/r/git/ref/tags/v4"] = {"object": {"type": "commit", "sha": "b" * 40}}
        impostor = guard("gate", "--network", "require", cwd=repository.path, env=environment)
        assert (impostor.code, "comes from a fork" in impostor.out) == (1, True)
    silent = guard("gate", "--network", "require", cwd=repository.path, env=environment)
    assert silent.code == 6, silent.out
    assert guard("gate", "--network", "try", cwd=repository.path, env=environment).code == 0


def test_images_and_includes_are_left_with_the_edit_to_make(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {".gitlab-ci.yml": "include: {project: g/p, file: a.yml}\njob: {image: 'a:1', script: x}\n"})
    done = guard("gate", "--fix", cwd=repository.path)
    assert done.code == 1
    assert "left    .gitlab-ci.yml:1  project g/p: add ref: FULL_COMMIT" in done.out
    assert "left    .gitlab-ci.yml:2  a:1: write a:1@sha256:DIGEST" in done.out


def test_diff_alone_means_nothing(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit("start", {WORKFLOW: USES})
    assert guard("gate", "--diff", cwd=repository.path).code == 2


def test_zizmor_is_asked_only_when_wanted(guard: Callable[..., Any], repository: Any) -> None:
    repository.commit(
        "start", {WORKFLOW: f"on: pull_request_target\npermissions: {{}}\njobs: {{a: {{runs-on: x, steps: [{{uses: o/r@{SHA}}}]}}}}\n"}
    )
    assert guard("gate", cwd=repository.path).code == 0
    done = guard("gate", "--zizmor", cwd=repository.path)
    assert (done.code, "dangerous-triggers" in done.out) == (1, True)
