# SPDX-License-Identifier: Apache-2.0
"""Project access tokens from a server that keeps to GitLab's documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from pipeline_guard.adapters.engines.gitlab import GitlabProject
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import LEASE, Clock, wish
from tests.fakes.forges import FakeGitlab
from tests.fakes.service import served


@pytest.fixture
def gitlab() -> FakeGitlab:
    return FakeGitlab()


@pytest.fixture
def project(gitlab: FakeGitlab) -> Iterator[GitlabProject]:
    with served(gitlab) as address:
        yield GitlabProject(lambda: Secret(gitlab.maker.encode()), "42", ("read_repository",), "developer", f"http://{address}")


def test_token_is_named_after_its_lease_narrow_and_revoked(project: GitlabProject, gitlab: FakeGitlab) -> None:
    asked = wish(Clock())
    made = project.make(asked)
    (token,) = gitlab.tokens.values()
    assert (token["name"], token["scopes"], token["access_level"]) == (f"pipeline-guard lease {LEASE}", ["read_repository"], 30)
    assert made.expires.tzinfo is UTC
    assert timedelta(0) < made.expires - asked.expires <= timedelta(days=1)
    assert made.value.reveal().startswith(b"glpat-")
    assert made.value.reveal() not in made.handle.reveal()
    project.undo(made.handle)
    assert token["revoked"]
    project.undo(made.handle)  # gone already


def test_token_of_a_process_that_died_is_found_by_its_name(project: GitlabProject, gitlab: FakeGitlab) -> None:
    foreseen = project.handle(wish(Clock()))
    project.undo(foreseen)  # nothing was made
    project.make(wish(Clock()))
    project.make(wish(Clock(), lease="ff" * 16))
    project.undo(foreseen)
    assert [token["revoked"] for token in gitlab.tokens.values()] == [True, False]


def test_refusals_are_denied_and_outages_are_tried_again(project: GitlabProject, gitlab: FakeGitlab) -> None:
    with pytest.raises(Denied, match="401"):
        replace(project, token=lambda: Secret(b"wrong")).make(wish(Clock()))
    with pytest.raises(Denied, match="404"):
        replace(project, project="43").make(wish(Clock()))
    made = project.make(wish(Clock()))
    gitlab.broken = (502, b"<html>")
    with pytest.raises(Unavailable):
        project.undo(made.handle)
    gitlab.broken = (201, b'{"token": "x"}')
    with pytest.raises(Unavailable, match="no access token"):
        project.make(wish(Clock()))


@pytest.mark.parametrize("handle", [b"", b"{}", b"[]", b'{"name": "x", "id": "y"}'])
def test_damaged_handle_is_told(project: GitlabProject, handle: bytes) -> None:
    with pytest.raises(Unavailable, match="damaged"):
        project.undo(Secret(handle))


def test_token_whose_name_only_begins_like_ours_is_left_alone(project: GitlabProject, gitlab: FakeGitlab) -> None:
    project.make(wish(Clock()))
    gitlab.tokens[2] = {**gitlab.tokens[1], "id": 2, "name": gitlab.tokens[1]["name"] + " of somebody"}
    project.undo(project.handle(wish(Clock())))
    assert [token["revoked"] for token in gitlab.tokens.values()] == [True, False]
