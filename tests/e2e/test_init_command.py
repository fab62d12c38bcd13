# SPDX-License-Identifier: Apache-2.0
"""``init``: what it writes works, what is there stays, and a second time changes nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, Repository

Guard = Callable[..., Outcome]
SHA = "0123456789abcdef" * 2 + "01234567"
PIN = ("--commit", SHA)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}


@pytest.fixture
def empty(repository: Repository) -> Path:
    repository.git("remote", "add", "origin", "git@github.com:shop/web.git")
    repository.commit(files={"app.py": "x = 1\n"})
    return repository.path


def test_what_it_writes_passes_the_gate_and_the_dry_run_on_both_forges(guard: Guard, empty: Path, repository: Repository) -> None:
    done = guard("init", "--yes", "--github", "--gitlab", "--hooks", *PIN, cwd=empty)
    assert done.code == 0, done.err
    assert sorted(content(empty)) == [
        ".github/workflows/pipeline-guard.yml",
        ".gitlab-ci.yml",
        ".pipeline-guard.yml",
        ".pre-commit-config.yaml",
        "app.py",
    ]
    repository.commit()
    gated = guard("gate", cwd=empty)
    assert gated.code == 0, gated.out
    rehearsed = guard("dry-run", cwd=empty)
    assert rehearsed.code == 0, rehearsed.out
    assert rehearsed.out.count("exit 0 clean") >= 4
    assert "0 writes made" in rehearsed.out


def test_a_second_time_changes_nothing(guard: Guard, empty: Path) -> None:
    guard("init", "--yes", "--hooks", *PIN, cwd=empty)
    before = content(empty)
    again = guard("init", "--yes", "--hooks", *PIN, cwd=empty)
    assert again.code == 0
    assert content(empty) == before
    assert {line.split()[0] for line in again.out.splitlines()} == {"unchanged"}


def test_only_what_was_written_is_said_to_be_new(guard: Guard, empty: Path) -> None:
    (empty / ".github").write_text("a file in the way\n")
    done = guard("init", "--yes", *PIN, cwd=empty)
    assert (done.code, done.out) == (2, "new        .pipeline-guard.yml\n")
    assert ".github" in done.err
    assert set(content(empty)) == {".github", ".pipeline-guard.yml", "app.py"}


def test_a_users_files_stay_without_force_and_what_to_add_is_said(guard: Guard, empty: Path) -> None:
    own = {
        ".gitlab-ci.yml": "test:\n  script: make\n",
        ".pipeline-guard.yml": "version: 1\nscan: {threshold: high}\n",
        ".pre-commit-config.yaml": "repos: []\n",
    }
    for name, text in own.items():
        (empty / name).write_text(text)
    done = guard("init", "--yes", "--gitlab", "--hooks", *PIN, cwd=empty)
    assert done.code == 0
    assert "kept       .gitlab-ci.yml: add these lines to it" in done.out
    assert f"    ref: {SHA}" in done.out
    for name, text in own.items():
        assert (empty / name).read_text() == text
    assert guard("init", "--yes", "--gitlab", "--force", *PIN, cwd=empty).code == 0
    assert SHA in (empty / ".gitlab-ci.yml").read_text()


def test_a_workflow_that_was_edited_is_kept_and_said_to_differ(guard: Guard, empty: Path) -> None:
    guard("init", "--yes", *PIN, cwd=empty)
    path = empty / ".github/workflows/pipeline-guard.yml"
    path.write_text(path.read_text().replace("timeout-minutes: 15", "timeout-minutes: 30"))
    done = guard("init", "--yes", *PIN, cwd=empty)
    assert "it differs from what init writes now" in done.out
    assert "timeout-minutes: 30" in path.read_text()


@pytest.mark.parametrize("words", [("--print",), (), ("--print", "--yes", "--force")])
def test_unless_told_so_it_only_shows(guard: Guard, empty: Path, words: tuple[str, ...]) -> None:
    done = guard("init", *words, *PIN, cwd=empty)
    assert done.code == 0
    assert f"actions/scan@{SHA}" in done.out
    assert list(content(empty)) == ["app.py"]


@pytest.mark.parametrize(
    ("remote", "written"),
    [
        ("https://github.com/o/r.git", ".github"),
        ("git@gitlab.com:o/r", ".gitlab-ci.yml"),
        ("ssh://git@gitlab.example.org:22/o/r", ".gitlab-ci.yml"),
    ],
)
def test_the_remote_tells_the_forge(guard: Guard, repository: Repository, remote: str, written: str) -> None:
    repository.git("remote", "add", "origin", remote)
    assert guard("init", "--yes", *PIN, cwd=repository.path).code == 0
    assert (repository.path / written).exists()
    assert {".github", ".gitlab-ci.yml"} & {path.name for path in repository.path.iterdir()} == {written}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (PIN, "neither the remote nor a file tells which forge"),
        (("--github", "--commit", "main"), "not a full commit: 'main'"),
        (("--github", "--commit", SHA.upper()), "not a full commit"),
    ],
)
def test_what_cannot_be_known_is_asked_for(guard: Guard, repository: Repository, words: tuple[str, ...], told: str) -> None:
    done = guard("init", "--yes", *words, cwd=repository.path)
    assert done.code == 2
    assert told in done.err
    assert "pipeline-guard: hint: " in done.err


def test_it_does_not_write_through_a_link_or_over_a_folder(guard: Guard, empty: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (empty / ".github").mkdir()
    (empty / ".github/workflows").symlink_to(tmp_path / "elsewhere")
    done = guard("init", "--yes", *PIN, cwd=empty)
    assert done.code == 2
    assert "is a symbolic link" in done.err
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (empty / ".github/workflows").unlink()
    (empty / ".pipeline-guard.yml").mkdir()
    assert guard("init", "--yes", *PIN, cwd=empty).code == 2


def test_a_branch_that_would_break_out_of_the_workflow_is_refused(guard: Guard, empty: Path, repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", 'x"]{evil')
    done = guard("init", "--yes", *PIN, cwd=empty)
    assert done.code == 2
    assert "a name that no workflow should hold" in done.err


@pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_at_a_terminal_it_asks(empty: Path, answer: bytes, written: bool) -> None:
    leader, follower = pty.openpty()
    os.write(leader, answer)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_guard", "init", *PIN],
        cwd=empty,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environ,
        timeout=60,
    )
    os.close(follower)
    os.close(leader)
    assert done.returncode == 0
    assert (empty / ".pipeline-guard.yml").exists() is written
