# SPDX-License-Identifier: Apache-2.0
"""What a job's event is about: payloads of the shapes that the forges send, and what is left of hostile ones."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.errors import GuardError, NothingToDo, UsageError
from pipeline_guard.flows.forge_event import job_event, webhook_event
from pipeline_guard.model.forge import ForgeEvent

HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/app",
    "GITHUB_REPOSITORY_ID": "42",
    "GITHUB_SHA": MERGE,
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "9",
}
GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_ID": "5", "CI_COMMIT_SHA": HEAD, "CI_JOB_URL": "https://gitlab.example/j"}
PULL: dict[str, Any] = {
    "pull_request": {
        "number": 7,
        "head": {"sha": HEAD, "repo": {"full_name": "acme/app"}},
        "base": {"sha": BASE, "ref": "main"},
    },
    "repository": {"full_name": "acme/app", "id": 42},
}


def github(name: str, payload: Any, **more: str) -> ForgeEvent:
    return job_event({**GITHUB, "GITHUB_EVENT_NAME": name, **more}, json.dumps(payload).encode())


def test_pull_request_is_about_its_head_and_not_about_the_merge_commit() -> None:
    event = github("pull_request", PULL, GITHUB_REF="refs/pull/7/merge")
    assert (event.head, event.base, event.merge, event.change, event.target) == (HEAD, BASE, MERGE, "7", "main")
    assert (event.is_fork, event.repository_id, event.url) == (False, "github:42", "https://github.com/acme/app/actions/runs/9")


@pytest.mark.parametrize("repo", [{"full_name": "eve/app"}, None, {}, 3])
def test_pull_request_of_another_repository_or_a_deleted_one_is_a_forks(repo: Any) -> None:
    payload = {"pull_request": {**PULL["pull_request"], "head": {"sha": HEAD, "repo": repo}}}
    assert github("pull_request", payload).is_fork


def test_merge_group_is_about_the_group() -> None:
    group = {
        "head_sha": HEAD,
        "base_sha": BASE,
        "base_ref": "refs/heads/main",
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{BASE}",
    }
    event = github("merge_group", {"action": "checks_requested", "merge_group": group}, GITHUB_REF=group["head_ref"])
    assert (event.head, event.base, event.target, event.change) == (HEAD, BASE, "main", "")
    assert event.ref == group["head_ref"]
    with pytest.raises(UsageError, match="merge queue"):
        github("merge_group", {"merge_group": {**group, "head_ref": "refs/heads/main"}})


def test_push_and_schedule_are_about_their_commit() -> None:
    assert github("push", {"after": HEAD}, GITHUB_REF="refs/heads/main").head == HEAD
    assert github("schedule", {}, GITHUB_REF="refs/heads/main").head == MERGE
    with pytest.raises(NothingToDo):
        github("push", {"after": "0" * 40})


def test_workflow_run_is_about_the_commit_of_the_run_before() -> None:
    run = {"head_sha": HEAD, "head_branch": "x", "head_repository": {"full_name": "eve/app"}, "pull_requests": []}
    event = github("workflow_run", {"workflow_run": run})
    assert (event.head, event.change, event.is_fork) == (HEAD, "", True)
    assert github("workflow_run", {"workflow_run": {**run, "pull_requests": [{"number": 7}]}}).change == "7"


def test_merge_request_is_about_its_head_in_each_kind_of_pipeline() -> None:
    change = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE}
    event = job_event({**GITLAB, **change}, b"")
    assert (event.head, event.merge, event.base, event.change, event.is_fork) == (HEAD, "", BASE, "7", False)
    merged = {"CI_MERGE_REQUEST_EVENT_TYPE": "merged_result", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": MERGE}
    event = job_event({**GITLAB, **change, **merged}, b"")
    assert (event.head, event.merge) == (MERGE, HEAD)
    event = job_event({**GITLAB, **change, "CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5"}, b"")
    assert (event.repository, event.is_fork) == ("1", True)


def test_branch_pipeline_has_no_change() -> None:
    event = job_event({**GITLAB, "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_REF_NAME": "main"}, b"")
    assert (event.head, event.change, event.ref) == (HEAD, "", "main")


def test_webhooks_say_the_same_as_jobs() -> None:
    event = webhook_event(json.dumps(PULL).encode(), "", None)
    assert (event.forge, event.head, event.change, event.repository_id) == ("github", HEAD, "7", "github:42")
    check = {
        "project": {"id": 5},
        "object_attributes": {"iid": 7, "source_project_id": 6, "target_branch": "main", "last_commit": {"id": HEAD}},
        "external_approval_rule": {"id": 3, "name": "gate"},
    }
    event = webhook_event(json.dumps(check).encode(), "", None)
    assert (event.forge, event.repository, event.head, event.change, event.check_id, event.is_fork) == ("gitlab", "5", HEAD, "7", "3", True)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        {"pull_request": []},
        {"pull_request": {}},
        {"pull_request": {**PULL["pull_request"], "number": "7; rm"}},
        {"pull_request": {**PULL["pull_request"], "number": -1}},
        {"pull_request": {**PULL["pull_request"], "number": True}},
        {"pull_request": {**PULL["pull_request"], "head": {"sha": "main"}}},
        {"pull_request": {**PULL["pull_request"], "head": {"sha": HEAD + "\n"}}},
        {"pull_request": {**PULL["pull_request"], "base": {"sha": "../../x"}}},
    ],
)
def test_document_without_what_it_should_have_is_refused(payload: Any) -> None:
    with pytest.raises(UsageError):
        github("pull_request", payload)
    with pytest.raises(UsageError):
        webhook_event(json.dumps(payload).encode(), "", None)


@pytest.mark.parametrize("name", ["", "acme", "acme/app/x", "../x", "acme/app?x", "acme/a b", "acme/app\n"])
def test_name_that_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        github("push", {"after": HEAD}, GITHUB_REPOSITORY=name)


def test_outside_of_a_job_there_is_nothing_to_publish_for() -> None:
    with pytest.raises(UsageError, match="no job"):
        job_event({}, b"")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(HEAD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pull_request", "head", "base", "sha", "repo", "number", "merge_group", "project", "id", "iid"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(_JSON)
def test_no_document_is_a_bug(payload: Any) -> None:
    for read in (lambda: github("pull_request", payload), lambda: webhook_event(json.dumps(payload).encode(), "", None)):
        with contextlib.suppress(GuardError):
            assert len(read().head) == 40
