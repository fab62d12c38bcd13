# SPDX-License-Identifier: Apache-2.0
"""A self-managed git server whose pre-receive hook calls the gate: pushes over HTTP, taken or refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.git_server import git_server

ROOT = Path(__file__).parents[2]


class Place:
    """A clone, and the server that it pushes to."""

    def __init__(self, repository: Any, server: Path, url: str) -> None:
        self.repository, self.server, self.url = repository, server, url

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "push", "-q", self.url, *words], cwd=self.repository.path, capture_output=True, text=True, check=False, timeout=120
        )

    def stands_at(self, ref: str = "refs/heads/main") -> str:
        return subprocess.run(
            ["git", "rev-parse", "-q", "--verify", ref], cwd=self.server, capture_output=True, text=True, check=False
        ).stdout.strip()


@pytest.fixture
def place(repository: Any, tmp_path: Path) -> Iterator[Place]:
    programs, server = tmp_path / "bin", tmp_path / "srv" / "app.git"
    programs.mkdir()
    program = programs / "pipeline-guard"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} PYTHONUTF8=1 exec {sys.executable} -m pipeline_guard "$@"\n')
    program.chmod(0o755)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(server)], check=True)
    subprocess.run(["git", "config", "http.receivepack", "true"], cwd=server, check=True)
    shutil.copy(ROOT / "docs" / "hooks" / "pre-receive", server / "hooks" / "pre-receive")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "PIPELINE_GUARD_HOME": str(tmp_path / "guard")}
    with git_server(server.parent, environment) as url:
        found = Place(repository, server, f"{url}/app.git")
        repository.commit("start", {"a.txt": "a"})
        done = found.push("main")
        assert done.returncode == 0, done.stderr
        yield found


def test_good_push_is_taken_and_a_bad_one_refused_with_its_reason(place: Place) -> None:
    good = place.repository.commit("good", {"b.txt": "b"})
    done = place.push("main")
    assert (done.returncode, place.stands_at()) == (0, good), done.stderr
    place.repository.commit("bad", {"requirements.txt": "requests\n"})
    done = place.push("main")
    assert (done.returncode != 0, place.stands_at()) == (True, good)
    assert "requirements.txt" in done.stderr
    assert "refs/heads/main was not taken" in done.stderr
    fixed = place.repository.commit("fixed", {"requirements.txt": ""})
    done = place.push("main")
    assert (done.returncode, place.stands_at()) == (0, fixed), done.stderr


def test_branches_that_are_not_protected_are_free(place: Place) -> None:
    place.repository.git("switch", "-q", "-c", "topic")
    bad = place.repository.commit("bad", {"requirements.txt": "requests\n"})
    assert place.push("topic").returncode == 0
    assert place.stands_at("refs/heads/topic") == bad


def test_deleted_and_rewritten_history_is_refused(place: Place) -> None:
    before = place.repository.commit("good", {"b.txt": "b"})
    assert place.push("main").returncode == 0
    assert "cannot be deleted" in place.push("--delete", "main").stderr
    place.repository.git("reset", "-q", "--hard", "HEAD~1")
    place.repository.commit("other", {"c.txt": "c"})
    assert "cannot be rewritten" in place.push("--force", "main").stderr
    assert place.stands_at() == before


def test_policy_is_the_branchs_own_and_not_the_pushs(place: Place) -> None:
    before = place.stands_at()
    files = {".pipeline-guard.yml": "version: 1\ngate: {exclude: ['requirements.txt']}\n", "requirements.txt": "requests\n"}
    place.repository.commit("both", files)
    assert "requirements.txt" in place.push("main").stderr
    assert place.stands_at() == before


def test_several_refs_in_one_push_are_all_looked_at(place: Place) -> None:
    before = place.stands_at()
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("fine", {"b.txt": "b"})
    place.repository.git("switch", "-q", "main")
    place.repository.commit("bad", {"requirements.txt": "requests\n"})
    assert place.push("topic", "main").returncode != 0
    assert (place.stands_at(), place.stands_at("refs/heads/topic")) == (before, "")


def test_filters_and_hooks_of_a_push_run_nothing_on_the_server(place: Place, tmp_path: Path) -> None:
    for key in ("filter.evil.smudge", "core.fsmonitor"):
        subprocess.run(["git", "config", key, f"touch {tmp_path}/ran; cat"], cwd=place.server, check=True)
    hook = place.server / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    head = place.repository.commit("sly", {".gitattributes": "* filter=evil\n", "b.txt": "b"})
    done = place.push("main")
    assert (done.returncode, place.stands_at()) == (0, head), done.stderr
    assert not (tmp_path / "ran").exists()
