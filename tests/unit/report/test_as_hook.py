# SPDX-License-Identifier: Apache-2.0
"""The hooks, run by a real git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_guard.cli.args import parse
from pipeline_guard.model.document import parse_yaml
from pipeline_guard.report.as_hook import HOOKS, MARK, hook
from tests.conftest import Repository

ROOT = Path(__file__).parents[3]


def leak() -> str:
    return "password = '" + "kQ7#vLp2" + "Zt9!wXe4" + "'\n"


@pytest.fixture
def hooked(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Repository:
    command = tmp_path / "bin" / "pipeline-guard"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m pipeline_guard "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    for name in HOOKS:
        path = repository.write(f".git/hooks/{name}", hook(name))
        path.chmod(0o755)
    return repository


def test_commit_with_a_key_is_refused_and_others_pass(hooked: Repository) -> None:
    hooked.commit("fine", {"a.py": "x = 1\n"})
    hooked.commit("nothing staged")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        hooked.commit("leak", {"b.py": leak()})
    assert "b.py:1:" in refused.value.stdout + refused.value.stderr


def test_push_whose_pipeline_would_fail_is_refused(hooked: Repository, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote")], check=True)
    hooked.git("remote", "add", "origin", str(tmp_path / "remote"))
    hooked.commit("no pipeline", {"a.py": "x = 1\n"})
    hooked.git("push", "-q", "origin", "main")
    uses = "pipeline-guard/pipeline-guard/actions/gate@" + "1a" * 20
    checkout = f"{{uses: actions/checkout@{'1a' * 20}, with: {{persist-credentials: false}}}}"
    pipeline = "on: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [STEPS]}}\n"
    hooked.commit("no checkout", {".github/workflows/ci.yml": pipeline.replace("STEPS", f"{{uses: {uses}}}")})
    with pytest.raises(subprocess.CalledProcessError) as refused:  # the pipeline ends with 3: nothing to look at
        hooked.git("push", "-q", "origin", "main")
    assert "nothing was checked out" in refused.value.stdout + refused.value.stderr
    hooked.commit("pipeline", {".github/workflows/ci.yml": pipeline.replace("STEPS", f"{checkout}, {{uses: {uses}}}")})
    hooked.git("push", "-q", "origin", "main")
    hooked.commit("unpinned", {"requirements.txt": "flask\n"})
    with pytest.raises(subprocess.CalledProcessError) as refused:
        hooked.git("push", "-q", "origin", "main")
    assert "requirement-unpinned" in refused.value.stdout + refused.value.stderr


def test_hooks_are_known_again_and_pre_commit_s_list_says_the_same() -> None:
    assert all(MARK in hook(name) for name in HOOKS)
    listed = parse_yaml((ROOT / ".pre-commit-hooks.yaml").read_bytes(), "hooks").plain()
    for entry, name in zip(listed, HOOKS, strict=True):
        words = entry["entry"].split()
        assert parse(words[1:], {}).verb == words[1]
        assert (entry["stages"], entry["pass_filenames"]) == ([name], False)
        assert entry["entry"] in hook(name)
