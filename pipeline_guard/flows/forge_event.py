# SPDX-License-Identifier: Apache-2.0
"""What a job, or a webhook, is about: the forge's variables and the event's own document, read with nothing guessed.

Sources: GitHub "Webhook events and payloads" (pull_request, merge_group, push, workflow_run); GitLab "Predefined CI/CD
variables", "External status checks".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.event_payload import COMMIT_ID, EVENT_LIMIT, text_at, value_at
from pipeline_guard.identity.webhook import authenticate
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.forge import ForgeEvent
from pipeline_guard.model.secret import Secret

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/(.+)/pr-([1-9][0-9]*)-[0-9a-f]+")


def job_event(environ: Mapping[str, str], payload: bytes) -> ForgeEvent:
    """Return what this job's event is about; ``payload`` is GitHub's document, b"" elsewhere.

    Raises UsageError outside a known forge or for a document that lacks what it should have, NothingToDo for a deleted branch.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, payload)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    raise UsageError("this is no job of GitHub or GitLab: there is nothing to publish for", "name the body of a webhook with --event FILE")


def webhook_event(payload: bytes, signature: str, key: Secret | None) -> ForgeEvent:
    """Return what a webhook is about: a pull request or merge group of GitHub, or what GitLab sends to a status check.

    Raises IntegrityError where there is a ``key`` and the payload is not signed with it.
    """
    if key is not None:
        authenticate(payload, signature, key)
    document = parse_json(payload, "the event", limit=EVENT_LIMIT)
    kind = next((name for name in ("pull_request", "merge_group", "workflow_run") if isinstance(value_at(document, name), dict)), "")
    if not kind:
        return _gitlab_webhook(document)
    number = _number(document, "repository", "id")
    named = {"GITHUB_REPOSITORY": text_at(document, "repository", "full_name"), "GITHUB_REPOSITORY_ID": number}
    return _github({"GITHUB_EVENT_NAME": kind, **named}, payload)


def _github(environ: Mapping[str, str], payload: bytes) -> ForgeEvent:
    name, repository = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError("GITHUB_REPOSITORY holds no owner/name", "is this really a job of GitHub?")
    sha, ref = environ.get("GITHUB_SHA", ""), environ.get("GITHUB_REF", "")
    number = environ.get("GITHUB_REPOSITORY_ID", "")
    repository_id, url = f"github:{number}" if number else "", _run_url(environ)
    if name not in ("pull_request", "pull_request_target", "merge_group", "push", "workflow_run"):
        return ForgeEvent("github", name, repository, _full(sha, "GITHUB_SHA"), ref=ref, repository_id=repository_id, url=url)
    document = parse_json(payload, "the event of this job (GITHUB_EVENT_PATH)", limit=EVENT_LIMIT)
    if name == "merge_group":
        target = text_at(document, "merge_group", "base_ref").removeprefix("refs/heads/")
        head, base = _id(document, "merge_group", "head_sha"), _id(document, "merge_group", "base_sha")
        queue = text_at(document, "merge_group", "head_ref")
        if not _QUEUE.fullmatch(queue):
            raise UsageError("the event of this job names no merge queue", "is it GitHub's own?")
        # the change's own number would bring its comment: a group may hold several, and is no news for any of them
        return ForgeEvent("github", name, repository, head, base=base, target=target, ref=queue, repository_id=repository_id, url=url)
    if name == "push":
        if not text_at(document, "after").strip("0"):
            raise NothingToDo("the branch was deleted: there is nothing to publish for", "leave deletions out of the job's conditions")
        return ForgeEvent("github", name, repository, _id(document, "after"), ref=ref, repository_id=repository_id, url=url)
    if name == "workflow_run":  # of the run that made the verdict; who it was for is for the responder to ask the forge
        source = text_at(document, "workflow_run", "head_repository", "full_name")
        return ForgeEvent(
            "github",
            name,
            repository,
            _id(document, "workflow_run", "head_sha"),
            change=_number(document, "workflow_run", "pull_requests", 0, "number"),
            ref=f"refs/heads/{text_at(document, 'workflow_run', 'head_branch')}",
            is_fork=source.lower() != repository.lower(),
            repository_id=repository_id,
            url=url,
        )
    head, base = _id(document, "pull_request", "head", "sha"), _id(document, "pull_request", "base", "sha")
    change = _number(document, "pull_request", "number")
    if not change:
        raise UsageError("the event of this job has no pull_request.number", "is it GitHub's own?")
    merge = sha if re.fullmatch(r"refs/pull/[0-9]+/merge", ref) and sha != head else ""
    source = text_at(document, "pull_request", "head", "repo", "full_name")  # "" where the fork was deleted
    return ForgeEvent(
        "github",
        name,
        repository,
        head,
        base=base,
        merge=merge,
        change=change,
        target=text_at(document, "pull_request", "base", "ref"),
        ref=ref,
        is_fork=source.lower() != repository.lower(),
        repository_id=repository_id,
        url=url,
    )


def _gitlab(environ: Mapping[str, str]) -> ForgeEvent:
    project, sha = environ.get("CI_PROJECT_ID", ""), _full(environ.get("CI_COMMIT_SHA", ""), "CI_COMMIT_SHA")
    if not _NUMBER.fullmatch(project):
        raise UsageError("CI_PROJECT_ID holds no number", "is this really a job of GitLab?")
    kind, change = environ.get("CI_PIPELINE_SOURCE", ""), environ.get("CI_MERGE_REQUEST_IID", "")
    url = environ.get("CI_JOB_URL", "")
    if not _NUMBER.fullmatch(change):
        return ForgeEvent("gitlab", kind, project, sha, f"gitlab:{project}", ref=environ.get("CI_COMMIT_REF_NAME", ""), url=url)
    is_merged = environ.get("CI_MERGE_REQUEST_EVENT_TYPE") in ("merged_result", "merge_train")
    head = _full(environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", ""), "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") if is_merged else sha
    # a fork's own pipeline may run in the fork: the merge request, and what shows at it, belong to its project
    target = environ.get("CI_MERGE_REQUEST_PROJECT_ID", "") or project
    return ForgeEvent(
        "gitlab",
        kind,
        target,
        head,
        f"gitlab:{target}",
        base=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "") or environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""),
        merge=sha if is_merged else "",
        change=change,
        target=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
        ref=environ.get("CI_COMMIT_REF_NAME", ""),
        is_fork=environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", target) != target,
        url=url,
    )


def _gitlab_webhook(document: object) -> ForgeEvent:
    """Read what GitLab sends to an external status check; it is a merge request's event and the check's number."""
    project, change = _number(document, "project", "id"), _number(document, "object_attributes", "iid")
    if not project or not change:
        raise UsageError("the event has no project.id and object_attributes.iid", "it should be what GitLab sends to a status check")
    source = _number(document, "object_attributes", "source_project_id")
    return ForgeEvent(
        "gitlab",
        "external_status_check",
        project,
        _id(document, "object_attributes", "last_commit", "id"),
        f"gitlab:{project}",
        change=change,
        target=text_at(document, "object_attributes", "target_branch"),
        is_fork=source != project,
        check_id=_number(document, "external_approval_rule", "id"),
    )


def _run_url(environ: Mapping[str, str]) -> str:
    server, run = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_RUN_ID", "")
    return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}" if server and run else ""


def _number(document: object, *path: str | int) -> str:
    found = value_at(document, *path)
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and found > 0 else ""


def _id(document: object, *path: str | int) -> str:
    return _full(text_at(document, *path), f"the event's {'.'.join(str(part) for part in path)}")


def _full(found: str, where: str) -> str:
    if not COMMIT_ID.fullmatch(found):
        raise UsageError(f"{where} holds no commit id", "is this really a job of the forge?")
    return found
