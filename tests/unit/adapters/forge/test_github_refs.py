# SPDX-License-Identifier: Apache-2.0
"""Tags, branches and commits of a repository, asked of a real HTTP server that answers in GitHub's documented shapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from pipeline_guard.adapters.forge.github_refs import GithubRefs
from pipeline_guard.errors import Unavailable
from tests.fakes.http import Place, serving

SHA, OTHER, TAG = "a" * 40, "b" * 40, "c" * 40
REPO = "/repos/o/r"


@pytest.fixture
def server() -> Iterator[Place]:
    with serving() as place:
        yield place


def refs(server: Place) -> GithubRefs:
    return GithubRefs({"GITHUB_API_URL": server.url})


def points_to(sha: str, kind: str = "commit") -> dict[str, Any]:
    return {"ref": "refs/tags/v1", "object": {"type": kind, "sha": sha}}


def known(server: Place, *, tags: tuple[str, ...] = (), branches: tuple[str, ...] = ("main",), commits: tuple[str, ...] = (SHA,)) -> None:
    server.answers[REPO] = {"default_branch": "main"}
    server.answers[f"{REPO}/tags?per_page=100&page=1"] = [{"name": "v1", "commit": {"sha": sha}} for sha in tags]
    server.answers[f"{REPO}/branches?per_page=100&page=1"] = [{"name": name} for name in branches]
    for sha in commits:
        server.answers[f"{REPO}/git/commits/{sha}"] = {"sha": sha}


def compares(server: Place, branch: str, status: str) -> None:
    server.answers[f"{REPO}/compare/{branch}...{SHA}?per_page=1"] = {"status": status}


def test_a_light_tag_is_its_commit(server: Place) -> None:
    server.answers[f"{REPO}/git/ref/tags/v1"] = points_to(SHA)
    assert refs(server).commit("o/r", "v1") == SHA


def test_an_annotated_tag_is_peeled(server: Place) -> None:
    server.answers[f"{REPO}/git/ref/tags/v1"] = points_to(TAG, "tag")
    server.answers[f"{REPO}/git/tags/{TAG}"] = points_to(SHA)
    assert refs(server).commit("o/r", "v1") == SHA


def test_tags_that_point_to_each_other_have_an_end(server: Place) -> None:
    server.answers[f"{REPO}/git/ref/tags/v1"] = points_to(TAG, "tag")
    server.answers[f"{REPO}/git/tags/{TAG}"] = points_to(TAG, "tag")
    assert refs(server).commit("o/r", "v1") == ""


def test_a_branch_serves_where_there_is_no_tag(server: Place) -> None:
    server.answers[f"{REPO}/git/ref/heads/main"] = points_to(SHA)
    assert refs(server).commit("o/r", "main") == SHA
    assert refs(server).commit("o/r", "nothing") == ""


def test_a_commit_that_a_tag_names_is_the_repositorys(server: Place) -> None:
    known(server, tags=(OTHER, SHA))
    assert refs(server).origin("o/r", SHA) == "own"


@pytest.mark.parametrize(("status", "origin"), [("behind", "own"), ("identical", "own"), ("ahead", "foreign"), ("diverged", "foreign")])
def test_a_commit_is_its_own_only_behind_one_of_its_branches(server: Place, status: str, origin: str) -> None:
    known(server)
    compares(server, "main", status)
    assert refs(server).origin("o/r", SHA) == origin


def test_other_branches_count(server: Place) -> None:
    known(server, branches=("main", "release/v1"))
    compares(server, "main", "diverged")
    compares(server, "release%2Fv1", "behind")
    assert refs(server).origin("o/r", SHA) == "own"


def test_a_commit_or_repository_that_is_not_there_is_missing(server: Place) -> None:
    known(server, commits=())
    assert refs(server).origin("o/r", SHA) == "missing"
    assert refs(server).origin("o/gone", SHA) == "missing"


def test_too_many_branches_leave_it_undecided(server: Place) -> None:
    known(server, branches=tuple(f"b{number}" for number in range(30)))
    with pytest.raises(Unavailable, match="31 branches"):
        refs(server).origin("o/r", SHA)


@pytest.mark.parametrize("answer", [403, 429, b"<html>", [], {"object": 5}, {"object": {"type": "tag", "sha": None}}])
def test_a_server_in_trouble_is_unavailable_or_knows_nothing(server: Place, answer: Any) -> None:
    server.answers[f"{REPO}/git/ref/tags/v1"] = answer
    with suppress(Unavailable):
        assert refs(server).commit("o/r", "v1") == ""


def test_each_question_is_asked_once(server: Place) -> None:
    server.answers[f"{REPO}/git/ref/tags/v1"] = points_to(SHA)
    lookup = refs(server)
    assert [lookup.commit("o/r", "v1") for _ in range(3)] == [SHA] * 3
    assert len(server.asked) == 1


@pytest.mark.parametrize("repository", ["../x", "o/..", "o/r?x=1", "o", "o/r#", "o /r", "http://h.example/o/r", ""])
def test_what_is_no_repository_is_never_asked_for(server: Place, repository: str) -> None:
    with pytest.raises(Unavailable, match="not a repository"):
        refs(server).commit(repository, "v1")
    assert server.asked == []
