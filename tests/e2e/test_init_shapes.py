# SPDX-License-Identifier: Apache-2.0
"""``init`` on repositories of many shapes: what it writes passes our gate and the judges from outside; a second time changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Outcome, Repository
from tests.e2e.test_init_command import PIN, content

Guard = Callable[..., Outcome]
BIN = Path(sys.executable).parent
CI = "name: ci\non: push\npermissions: {}\njobs: {a: {name: a, runs-on: ubuntu-24.04, permissions: {}, steps: [{run: make}]}}\n"
LAB = "stages: [build]\nbuild:\n  stage: build\n  script: [make]\n"
WORKFLOW, INCLUDE = ".github/workflows/pipeline-guard.yml", ".gitlab-ci.yml"


@dataclass(frozen=True)
class Shape:
    """A repository: its files, what ``init`` is told and writes, and words that it says."""

    files: dict[str, str]
    writes: set[str]
    words: tuple[str, ...] = ()
    says: str = ""
    remote: str = "git@github.com:shop/web.git"
    code: int = 0
    settings: dict[str, str] = field(default_factory=dict)


CONFIGURATION = ".pipeline-guard.yml"
SHAPES = {
    "nothing-but-a-commit": Shape({}, {WORKFLOW, CONFIGURATION}),
    "monorepo": Shape(
        {
            "packages/web/package.json": '{"name": "web", "private": true}\n',
            "packages/api/pyproject.toml": "[project]\nname = 'api'\nversion = '1'\n",
        },
        {WORKFLOW, CONFIGURATION},
    ),
    "gitlab-alone-without-a-pipeline": Shape(
        {}, {INCLUDE, CONFIGURATION}, remote="https://gitlab.example.org/shop/web.git", words=("--gitlab",)
    ),
    "gitlab-with-a-pipeline-of-its-own": Shape(
        {INCLUDE: LAB}, {CONFIGURATION}, says="add these lines to it", remote="git@gitlab.com:shop/web.git"
    ),
    "both-forges": Shape({".github/workflows/ci.yml": CI}, {WORKFLOW, INCLUDE, CONFIGURATION}, words=("--github", "--gitlab")),
    "workflow-of-the-same-name": Shape({WORKFLOW: CI}, {CONFIGURATION}, says="it differs from what init writes now"),
    "workflow-whose-name-is-ours-in-another-file": Shape(
        {".github/workflows/guard.yaml": CI.replace("name: ci", "name: pipeline-guard")}, {WORKFLOW, CONFIGURATION}
    ),
    "hooks-that-are-there": Shape(
        {".pre-commit-config.yaml": "repos: []\n"}, {WORKFLOW, CONFIGURATION}, words=("--hooks",), says="add these lines to it"
    ),
    "husky": Shape({".husky/pre-commit": "#!/bin/sh\nnpm test\n", "package.json": '{"private": true}\n'}, {WORKFLOW, CONFIGURATION}),
    "just-tox-and-nox": Shape(
        {"justfile": "test:\n  pytest\n", "tox.ini": "[tox]\nenvlist = py\n", "noxfile.py": "x = 1\n"}, {WORKFLOW, CONFIGURATION}
    ),
    "windows-line-endings": Shape({"a.txt": "one\r\n", ".gitattributes": "* text eol=crlf\n"}, {WORKFLOW, CONFIGURATION}),
    "line-endings-made-by-git": Shape({"a.txt": "one\n"}, {WORKFLOW, CONFIGURATION}, settings={"core.autocrlf": "true"}),
    "configuration-that-is-there": Shape({CONFIGURATION: "version: 1\nscan: {threshold: high}\n"}, {WORKFLOW}),
    "names-that-are-not-plain": Shape({"größe und 'mehr'/a b.txt": "x\n"}, {WORKFLOW, CONFIGURATION}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_written_passes_every_judge_and_a_second_time_changes_nothing(guard: Guard, tmp_path: Path, name: str) -> None:
    shape = SHAPES[name]
    repository = Repository(tmp_path / "a repository")
    for key, value in shape.settings.items():
        repository.git("config", key, value)
    repository.git("remote", "add", "origin", shape.remote)
    repository.commit(files={"README.md": "# app\n", **shape.files})
    before = content(repository.path)
    done = guard("init", "--yes", *shape.words, *PIN, cwd=repository.path)
    assert done.code == shape.code, done.err
    assert shape.says in done.out + done.err
    after = content(repository.path)
    assert set(after) - set(before) == shape.writes
    assert {path: after[path] for path in before} == before
    again = guard("init", "--yes", *shape.words, *PIN, cwd=repository.path)
    assert (again.code, content(repository.path)) == (shape.code, after)
    repository.commit()
    assert (gated := guard("gate", cwd=repository.path)).code == 0, gated.out
    assert guard("scan", cwd=repository.path).code == 0
    judge([repository.path / path for path in shape.writes], repository.path)


def judge(written: list[Path], folder: Path) -> None:
    """Have zizmor's auditor and the forges' schemas look at what was written."""
    for path in written:
        kind = "github-workflows" if path.parent.name == "workflows" else "gitlab-ci" if path.name == INCLUDE else ""
        if kind:
            command = [str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{kind}", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
        if kind == "github-workflows":
            command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "auditor", "--strict-collection", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
            assert done.returncode == 0, done.stdout


def test_where_there_is_no_work_tree_it_says_so_in_one_line(guard: Guard, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    for folder in (tmp_path, bare):
        done = guard("init", "--yes", "--github", *PIN, cwd=folder)
        assert done.code == 2
        assert done.err.startswith("pipeline-guard: error: ")
        assert "name files and folders" not in done.err, "it takes none"
        assert len(done.err.splitlines()) == 2
    assert content(tmp_path) == content(tmp_path)


def test_what_may_not_be_written_is_one_line_and_leaves_nothing_half_done(guard: Guard, repository: Repository) -> None:
    repository.git("remote", "add", "origin", "git@github.com:shop/web.git")
    repository.commit(files={"README.md": "# app\n"})
    (repository.path / ".github").mkdir()
    (repository.path / ".github" / "workflows").symlink_to("/proc/nowhere")
    done = guard("init", "--yes", *PIN, cwd=repository.path)
    assert done.code in (2, 5)
    assert done.err.count("error:") == 1
    assert "Traceback" not in done.err
