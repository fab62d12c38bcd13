# SPDX-License-Identifier: Apache-2.0
"""What a pipeline runs for, as both forges would say it: the event, GitHub's context and document, GitLab's variables.

Sources: GitHub "Contexts reference" and "Events that trigger workflows"; GitLab "Predefined CI/CD variables reference".
What only the forge knows (numbers, actors) has a recognisable stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_guard.model.situation import Situation

NOUGHT = "0" * 40
QUEUE = "gh-readonly-queue"
# Our name of a situation: GitHub's events that it can be, GitLab's CI_PIPELINE_SOURCE.
GITHUB_EVENTS: Mapping[str, tuple[str, ...]] = {
    "push": ("push",),
    "pull-request": ("pull_request",),
    "merge-request": ("pull_request",),
    "fork": ("pull_request",),
    "tag": ("push",),
    "merge-group": ("merge_group",),
    "schedule": ("schedule",),
}
GITLAB_SOURCES = {
    "push": "push",
    "pull-request": "merge_request_event",
    "merge-request": "merge_request_event",
    "fork": "merge_request_event",
    "tag": "push",
    "merge-group": "merge_request_event",
    "schedule": "schedule",
}
_OWN = {"push": "push", "pull_request": "pull-request", "merge_group": "merge-group", "schedule": "schedule"}


# Parts of an event's document that other events have. What is in neither is not known here.
_OF_OTHERS = frozenset(
    (
        "alert", "check_run", "check_suite", "client_payload", "comment", "deployment", "deployment_status", "discussion", "forkee",
        "head_commit", "inputs", "issue", "merge_group", "milestone", "package", "pull_request", "release", "review", "workflow_run",
    )
)  # fmt: skip
_MODELLED = frozenset(("push", "pull_request", "pull_request_target", "merge_group", "schedule"))


def surely_absent(event_name: str, path: Sequence[str]) -> bool:
    """Tell whether ``github.event.PATH`` has no value on the forge either: another event's part of an event that is known whole."""
    own = {"push": "head_commit", "pull_request_target": "pull_request"}.get(event_name, event_name)
    return event_name in _MODELLED and path[0] in _OF_OTHERS - {own}


def named_event(name: str) -> str:
    """Return our name of a GitHub event; the event's own where we have none."""
    return _OWN.get(name, name)


def github_event(event: str) -> str:
    """Return GitHub's name of one of our events; another event's own name stays."""
    return GITHUB_EVENTS.get(event, (event or "push",))[0]


def github_ref(situation: Situation, event: str) -> str:
    """Return the ref that GitHub runs an event for."""
    if event == "tag":
        return situation.ref if situation.ref.startswith("refs/tags/") else "refs/tags/v0.0.0-rehearsal"
    if github_event(event) in ("pull_request", "pull_request_target"):
        return "refs/pull/1/merge" if github_event(event) == "pull_request" else f"refs/heads/{situation.target}"
    if event == "merge-group":
        return f"refs/heads/{QUEUE}/{situation.target}/pr-1-{situation.sha}"
    if event == "schedule":
        return f"refs/heads/{situation.target}"
    return situation.ref


def github_document(situation: Situation, event: str) -> dict[str, Any]:
    """Return the event's document (GITHUB_EVENT_PATH) as far as it is known; what a person wrote on the forge is left out."""
    repository = _repository(situation.repository, fork=False) | {"default_branch": situation.target}
    base = situation.base_sha  # "" where nothing here tells it
    name = github_event(event)
    common: dict[str, Any] = {"repository": repository, "sender": {"login": "rehearsal", "id": 1, "type": "User"}}
    if name in ("pull_request", "pull_request_target"):
        head = _repository(
            f"somebody/{situation.repository.rpartition('/')[2]}" if event == "fork" else situation.repository, event == "fork"
        )
        request = {
            "number": 1,
            "state": "open",
            "draft": False,
            "merged": False,
            "user": {"login": "rehearsal", "id": 1},
            "author_association": "NONE" if event == "fork" else "MEMBER",
            "base": {"ref": situation.target, "sha": base, "repo": repository},
            "head": {"ref": situation.branch, "sha": situation.sha, "repo": head},
        }
        return common | {"action": situation.action, "number": 1, "pull_request": request}
    if name == "merge_group":
        group = {
            "head_sha": situation.sha,
            "head_ref": github_ref(situation, event),
            "base_sha": base,
            "base_ref": f"refs/heads/{situation.target}",
        }
        return common | {"action": "checks_requested", "merge_group": group}
    if name == "schedule":
        return common
    if name == "push":
        return common | {
            "ref": github_ref(situation, event),
            "before": NOUGHT if event == "tag" else situation.base_sha or NOUGHT,
            "after": situation.sha,
            "created": event == "tag",
            "deleted": False,
            "forced": False,
            "head_commit": {"id": situation.sha, "message": situation.message},
        }
    return common


def github_context(situation: Situation, event: str, *, workflow: str, path: str, job: str, root: str = "") -> dict[str, Any]:
    """Return the ``github`` context of one job."""
    name, ref = github_event(event), github_ref(situation, event)
    pull = name in ("pull_request", "pull_request_target")
    return {
        "action": "",
        "actor": "rehearsal",
        "actor_id": "1",
        "api_url": "https://api.github.com",
        "base_ref": situation.target if pull else "",
        "event": github_document(situation, event),
        "event_name": name,
        "graphql_url": "https://api.github.com/graphql",
        "head_ref": situation.branch if pull else "",
        "job": job,
        "ref": ref,
        "ref_name": ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/pull/"),
        "ref_protected": False,
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "repository": situation.repository,
        "repository_id": "0",
        "repository_owner": situation.owner,
        "repository_owner_id": "0",
        "run_attempt": "1",
        "run_id": "1",
        "run_number": "1",
        "server_url": "https://github.com",
        "sha": situation.sha,
        "triggering_actor": "rehearsal",
        "workflow": workflow or path,
        "workflow_ref": f"{situation.repository}/{path}@{ref}",
        "workflow_sha": situation.sha,
        "workspace": root,
    }


def guessed(situation: Situation) -> frozenset[tuple[str, ...]]:
    """Return the paths whose value nothing here tells."""
    return frozenset() if situation.is_named else frozenset((("github", "repository"), ("github", "repository_owner")))


def _repository(path: str, fork: bool) -> dict[str, Any]:
    owner, _, name = path.partition("/")
    return {"full_name": path, "name": name, "fork": fork, "private": False, "id": 0, "owner": {"login": owner, "id": 0}}


def gitlab_variables(situation: Situation, event: str) -> dict[str, str]:
    """Return the predefined variables of a pipeline."""
    event = event or ("tag" if situation.ref.startswith("refs/tags/") else "push")
    source = GITLAB_SOURCES[event]
    base = situation.base_sha or ("" if source == "merge_request_event" else NOUGHT)
    ref = {"schedule": situation.target, "tag": situation.branch if situation.ref.startswith("refs/tags/") else "v0.0.0-rehearsal"}
    named = ref.get(event, situation.branch)
    namespace, _, name = situation.repository.rpartition("/")
    found = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER": "yes",
        "CI_SERVER_HOST": "gitlab.com",
        "CI_SERVER_FQDN": "gitlab.com",
        "CI_SERVER_URL": "https://gitlab.com",
        "CI_SERVER_NAME": "GitLab",
        "CI_SERVER_VERSION": "19.5.0",
        "CI_API_V4_URL": "https://gitlab.com/api/v4",
        "CI_PIPELINE_SOURCE": source,
        "CI_PIPELINE_ID": "1",
        "CI_PIPELINE_IID": "1",
        "CI_JOB_ID": "1",
        "CI_PROJECT_ID": "0",
        "CI_PROJECT_PATH": situation.repository,
        "CI_PROJECT_NAMESPACE": namespace,
        "CI_PROJECT_NAME": name,
        "CI_PROJECT_URL": f"https://gitlab.com/{situation.repository}",
        "CI_DEFAULT_BRANCH": situation.target,
        "CI_COMMIT_SHA": situation.sha,
        "CI_COMMIT_SHORT_SHA": situation.sha[:8],
        "CI_COMMIT_BEFORE_SHA": base if source == "push" and event != "tag" else NOUGHT,
        "CI_COMMIT_REF_NAME": named,
        "CI_COMMIT_REF_SLUG": "".join(letter if letter.isalnum() else "-" for letter in named.lower())[:63].strip("-"),
        "CI_COMMIT_REF_PROTECTED": "false",
        "CI_COMMIT_MESSAGE": situation.message,
        "CI_COMMIT_TITLE": situation.message.partition("\n")[0],
        "CI_COMMIT_DESCRIPTION": situation.message.partition("\n")[2].strip(),
        "GITLAB_USER_LOGIN": "rehearsal",
    }
    if source == "merge_request_event":
        found |= {
            "CI_MERGE_REQUEST_ID": "1",
            "CI_MERGE_REQUEST_IID": "1",
            "CI_MERGE_REQUEST_PROJECT_ID": "0",
            "CI_MERGE_REQUEST_PROJECT_PATH": situation.repository,
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2" if event == "fork" else "0",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": f"somebody/{name}" if event == "fork" else situation.repository,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": named,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": situation.target,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train" if event == "merge-group" else "detached",
            "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/1/head",
        }
        if event == "merge-group":
            found["CI_MERGE_REQUEST_EVENT_TYPE"] = "detached"  # a train's own merge commit is not here: as the request itself
        return found
    return found | ({"CI_COMMIT_TAG": named} if event == "tag" else {"CI_COMMIT_BRANCH": named})
