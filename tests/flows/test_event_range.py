# SPDX-License-Identifier: Apache-2.0
"""Which commits a job's event stands for, by table: each forge, each event, and each way in which it may be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.event_range import change_of, from_fork, target_of

A, B, C, ZERO = "a" * 40, "b" * 40, "c" * 40, "0" * 40
DEFAULT = {"repository": {"default_branch": "main"}}
PULL = {"pull_request": {"base": {"sha": A}, "head": {"sha": B}}}


def github(event: str, payload: object, ref: str = "refs/heads/topic", sha: str = C) -> tuple[dict[str, str], bytes]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_REF": ref, "GITHUB_SHA": sha}, json.dumps(payload).encode()


def gitlab(source: str, **more: str) -> tuple[dict[str, str], bytes]:
    return {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": source, "CI_COMMIT_SHA": C, "CI_DEFAULT_BRANCH": "main", **more}, b""


MERGE_REQUEST: dict[str, str] = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": A, "CI_COMMIT_BEFORE_SHA": ZERO}
RANGES: dict[str, tuple[tuple[dict[str, str], bytes], tuple[str, ...]]] = {
    "github pull request, at its merge commit": (github("pull_request", PULL, "refs/pull/7/merge"), (f"{C}^1..{C}", f"{A}..{B}")),
    "github pull request, elsewhere": (github("pull_request", PULL, "refs/heads/topic"), (f"{A}..{B}",)),
    "github pull_request_target, which checks out the base": (github("pull_request_target", PULL), (f"{A}..{B}",)),
    "github merge queue": (github("merge_group", {"merge_group": {"base_sha": A, "head_sha": B}}), (f"{A}..{B}",)),
    "github push": (github("push", {"before": A, "after": B, **DEFAULT}), (f"{A}..{B}", f"origin/main..{B}")),
    "github push to the default branch": (github("push", {"before": A, "after": B, **DEFAULT}, "refs/heads/main"), (f"{A}..{B}",)),
    "github push of a new branch": (github("push", {"before": ZERO, "after": B, **DEFAULT}), (f"origin/main..{B}",)),
    "github push of a tag": (github("push", {"before": ZERO, "after": B, **DEFAULT}, "refs/tags/v1"), ()),
    "github schedule": (github("schedule", {}), ()),
    "github by hand": (github("workflow_dispatch", {}), ()),
    "gitlab merge request": (gitlab("merge_request_event", **MERGE_REQUEST), (f"{A}..{C}",)),
    "child pipeline of a gitlab merge request": (gitlab("parent_pipeline", **MERGE_REQUEST, CI_MERGE_REQUEST_IID="5"), (f"{A}..{C}",)),
    "gitlab merged results": (
        gitlab(
            "merge_request_event",
            **MERGE_REQUEST,
            CI_MERGE_REQUEST_EVENT_TYPE="merged_result",
            CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=B,
        ),
        (f"{C}^1..{C}", f"{A}..{B}"),
    ),
    "gitlab merge train": (gitlab("merge_request_event", **MERGE_REQUEST, CI_MERGE_REQUEST_EVENT_TYPE="merge_train"), (f"{C}^1..{C}",)),
    "gitlab push": (gitlab("push", CI_COMMIT_BEFORE_SHA=A, CI_COMMIT_BRANCH="topic"), (f"{A}..{C}", f"origin/main..{C}")),
    "gitlab push to the default branch": (gitlab("push", CI_COMMIT_BEFORE_SHA=A, CI_COMMIT_BRANCH="main"), (f"{A}..{C}",)),
    "gitlab push of a new branch": (gitlab("push", CI_COMMIT_BEFORE_SHA=ZERO, CI_COMMIT_BRANCH="topic"), (f"origin/main..{C}",)),
    "gitlab tag": (gitlab("push", CI_COMMIT_TAG="v1"), ()),
    "gitlab schedule": (gitlab("schedule"), ()),
    "gitlab web": (gitlab("web", CI_COMMIT_BEFORE_SHA=ZERO), ()),
}


@pytest.mark.parametrize("case", RANGES)
def test_event_gives_its_range_or_says_that_it_has_none(case: str) -> None:
    (environ, event), ranges = RANGES[case]
    assert change_of(environ, event).ranges == ranges


REFUSED: dict[str, tuple[tuple[dict[str, str], bytes], type[Exception], str]] = {
    "no forge": (({}, b""), UsageError, "no job"),
    "github without its document": ((github("push", {})[0], b""), UsageError, "not valid JSON"),
    "github with a list": (github("push", []), UsageError, "before"),
    "github with a number for a commit": (github("push", {"before": 5, "after": B}), UsageError, "before"),
    "github with a flag for a commit": (github("push", {"before": "--all", "after": B}), UsageError, "before"),
    "github pull request without a base": (github("pull_request", {"pull_request": {"head": {"sha": B}}}), UsageError, "base"),
    "github pull request with a range for a base": (
        github("pull_request", {"pull_request": {"base": {"sha": f"{A}..{B}"}, "head": {"sha": B}}}),
        UsageError,
        "base",
    ),
    "github deleted branch": (github("push", {"before": A, "after": ZERO, **DEFAULT}), NothingToDo, "deleted"),
    "github first push of the default branch": (
        github("push", {"before": ZERO, "after": B, **DEFAULT}, "refs/heads/main"),
        NothingToDo,
        "default branch",
    ),
    "gitlab without a commit": (gitlab("push", CI_COMMIT_SHA=""), UsageError, "CI_COMMIT_SHA"),
    "gitlab merge request without a base": (gitlab("merge_request_event"), UsageError, "DIFF_BASE"),
    "gitlab first push of the default branch": (
        gitlab("push", CI_COMMIT_BEFORE_SHA=ZERO, CI_COMMIT_BRANCH="main"),
        NothingToDo,
        "default branch",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_event_that_cannot_be_trusted_is_refused_with_a_way_out(case: str) -> None:
    (environ, event), kind, words = REFUSED[case]
    with pytest.raises(kind, match=words) as caught:
        change_of(environ, event)
    error: Any = caught.value
    assert error.hint or "JSON" in error.what


TARGETS: dict[str, tuple[tuple[dict[str, str], bytes], str]] = {
    "github pull request, at its merge commit": (github("pull_request", PULL, "refs/pull/7/merge"), f"{C}^1"),
    "github pull request, elsewhere": (github("pull_request", PULL), A),
    "github merge queue": (github("merge_group", {"merge_group": {"base_sha": A, "head_sha": B}}), A),
    "github push": (github("push", {"before": A, "after": B, **DEFAULT}), ""),
    "github schedule": (github("schedule", {}), ""),
    "gitlab merge request": (gitlab("merge_request_event", **MERGE_REQUEST), A),
    "child pipeline of a gitlab merge request": (gitlab("parent_pipeline", **MERGE_REQUEST, CI_MERGE_REQUEST_IID="5"), A),
    "gitlab merged results": (gitlab("merge_request_event", **MERGE_REQUEST, CI_MERGE_REQUEST_EVENT_TYPE="merged_result"), f"{C}^1"),
    "gitlab push": (gitlab("push", CI_COMMIT_BEFORE_SHA=A, CI_COMMIT_BRANCH="topic"), ""),
    "gitlab tag": (gitlab("push", CI_COMMIT_TAG="v1"), ""),
}


@pytest.mark.parametrize("case", TARGETS)
def test_event_of_a_change_under_review_names_its_merge_target(case: str) -> None:
    (environ, event), target = TARGETS[case]
    assert target_of(environ, event) == target


@pytest.mark.parametrize(
    "situation",
    [({}, b""), github("pull_request", {}), github("merge_group", {"merge_group": {"base_sha": "main"}}), gitlab("merge_request_event")],
)
def test_merge_target_that_cannot_be_told_is_an_error_and_not_the_whole_tree(situation: tuple[dict[str, str], bytes]) -> None:
    with pytest.raises(UsageError, match="--base auto") as caught:
        target_of(*situation)
    assert "--base origin/main" in caught.value.hint


def heads(head: object, base: object = "acme/app") -> dict[str, object]:
    return {"pull_request": {"head": {"repo": head and {"full_name": head}}, "base": {"repo": {"full_name": base}}}}


@pytest.mark.parametrize(
    ("situation", "fork"),
    [
        (github("pull_request", heads("acme/app")), False),
        (github("pull_request", heads("stranger/app")), True),
        (github("pull_request", heads(None)), True),  # the fork was deleted
        (github("pull_request_review", heads("stranger/app")), True),
        (github("pull_request_target", heads("stranger/app")), False),  # it has the target's identity
        (github("push", {}), False),
        (gitlab("merge_request_event", CI_MERGE_REQUEST_SOURCE_PROJECT_ID="7", CI_MERGE_REQUEST_PROJECT_ID="5"), True),
        (gitlab("merge_request_event", CI_MERGE_REQUEST_SOURCE_PROJECT_ID="5", CI_MERGE_REQUEST_PROJECT_ID="5"), False),
        (gitlab("push"), False),
        (({}, b""), False),
    ],
)
def test_job_of_a_forks_change_is_known(situation: tuple[dict[str, str], bytes], fork: bool) -> None:
    assert from_fork(*situation) is fork
