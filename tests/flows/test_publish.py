# SPDX-License-Identifier: Apache-2.0
"""Only what was looked at is published, and only while it is what would be merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline_guard.adapters.forge.local import LocalForge
from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.flows.publish import FORK, PublishDoors, Published, publish
from pipeline_guard.model.forge import ForgeEvent, Publication
from pipeline_guard.ports import Forge


class Place:
    """A repository with a change, checked out as its head, and a forge that knows it."""

    def __init__(self, repository: Any) -> None:
        self.repository = repository
        self.base = repository.commit("start", {"a": "a"})
        repository.git("switch", "-q", "-c", "topic")
        self.head = repository.commit("change", {"b": "b"})
        self.forge = LocalForge({"7": self.head})
        self.event = ForgeEvent("github", "pull_request", "acme/app", self.head, base=self.base, change="7")

    def merge(self) -> str:
        """Check out the merge commit that a forge would make."""
        self.repository.git("switch", "-q", "--detach", "main")
        self.repository.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
        return str(self.repository.git("rev-parse", "HEAD"))

    def publish(self, event: ForgeEvent | None = None, *, required: bool = False, forge: Callable[[], Forge] | None = None) -> Published:
        publication = Publication("pipeline-guard", event or self.event, True, "allowed", "fine")
        doors = PublishDoors(forge or (lambda: self.forge), lambda: GitRepository(str(self.repository.path)))
        return publish(publication, is_required=required, doors=doors)


@pytest.fixture
def place(repository: Any) -> Place:
    return Place(repository)


def test_head_that_was_looked_at_is_published(place: Place) -> None:
    assert place.publish().posted
    assert [each.event.head for each in place.forge.posted] == [place.head]


def test_merge_commit_of_the_forge_stands_for_its_second_parent(place: Place) -> None:
    merge = place.merge()
    assert place.publish(replace(place.event, merge=merge)).posted


def test_another_commit_is_not_published_for(place: Place) -> None:
    place.repository.git("switch", "-q", "main")
    with pytest.raises(UsageError, match="nothing is published: what was checked is"):
        place.publish()
    assert place.forge.posted == []


def test_merge_commit_that_the_event_does_not_know_stands_for_nothing(place: Place) -> None:
    place.merge()
    with pytest.raises(UsageError, match="nothing is published"):
        place.publish()


def test_merge_commit_of_another_head_stands_for_nothing(place: Place) -> None:
    place.repository.commit("evil", {"b": "evil"})
    merge = place.merge()
    with pytest.raises(UsageError, match="nothing is published"):
        place.publish(replace(place.event, merge=merge))


def test_changed_file_is_not_published_for(place: Place) -> None:
    place.repository.write("b", "other")
    with pytest.raises(UsageError, match="b is not as committed"):
        place.publish()
    assert place.forge.posted == []


@pytest.mark.parametrize("is_fork", [False, True])
def test_change_that_moved_on_is_not_published_for(place: Place, is_fork: bool) -> None:
    place.forge.heads["7"] = "d" * 40
    with pytest.raises(Denied, match="is at dddddddddddd now"):
        place.publish(replace(place.event, is_fork=is_fork))
    assert place.forge.posted == []


def test_forge_that_does_not_know_the_change_is_no_permission(place: Place) -> None:
    place.forge.heads = {}
    with pytest.raises(Unavailable):
        place.publish()


def refusing() -> Forge:
    raise Denied("no token of the forge: GITHUB_TOKEN is not set")


def test_fork_without_a_token_gets_one_line(place: Place) -> None:
    assert place.publish(replace(place.event, is_fork=True), forge=refusing) == Published(note=FORK)


def test_fork_without_a_token_fails_where_policy_demands_publication(place: Place) -> None:
    with pytest.raises(Denied):
        place.publish(replace(place.event, is_fork=True), required=True, forge=refusing)


def test_own_branch_without_a_token_is_denied(place: Place) -> None:
    with pytest.raises(Denied):
        place.publish(forge=refusing)


def test_event_without_a_change_asks_for_no_newest_head(place: Place) -> None:
    place.forge.heads = {}
    assert place.publish(replace(place.event, change="", kind="merge_group")).posted
