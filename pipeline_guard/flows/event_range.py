# SPDX-License-Identifier: Apache-2.0
"""Which commits the event of a job stands for, from the forge's variables and the event's own document.

Nothing is guessed: an event that names a range gives it, an event that has none by nature (a tag, a schedule, a start by
hand) says so, and everything else is an error with the remedy. Whether this clone knows the commits is the caller's question.
Sources: GitHub "Events that trigger workflows" and webhook payloads; GitLab "Predefined CI/CD variables".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.event_payload import COMMIT_ID, EVENT_LIMIT, text_at
from pipeline_guard.model.document import parse_json


@dataclass(frozen=True, slots=True)
class Change:
    """What an event brought: ``ranges`` that say the same, the most exact first; none where the event has no range."""

    event: str
    ranges: tuple[str, ...] = ()


def change_of(environ: Mapping[str, str], event: bytes) -> Change:
    """Return the range of this job's event; ``event`` is GitHub's document, b"" elsewhere.

    Raises UsageError outside a known forge or for a document that lacks what it should have, NothingToDo for a deleted branch.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, event)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    raise UsageError("--range auto: this is no job of GitHub or GitLab", "write BASE..HEAD, for example origin/main..HEAD")


def is_push(environ: Mapping[str, str]) -> bool:
    """Tell whether this is git's pre-receive hook: what is pushed lies in quarantine (git-receive-pack(1)).

    A push that only deletes has nothing to put there; but a hook of a server stands in the repository itself.
    """
    return bool(environ.get("GIT_QUARANTINE_PATH")) or environ.get("GIT_DIR") == "."


def pushed_of(lines: bytes, environ: Mapping[str, str]) -> Sequence[str]:
    """Return the new values of a push, as git gives them to a pre-receive hook: ``OLD NEW REF`` a line (githooks(5)).

    Raises UsageError for anything else, and in another hook: there refs have moved already, and everything would look known.
    """
    found = []
    for line in lines.splitlines():
        words = line.split(b" ", 2)
        if len(words) != 3 or not all(COMMIT_ID.fullmatch(word.decode("ascii", "replace")) for word in words[:2]):
            raise UsageError("--range auto: standard input is not what git gives to a pre-receive hook", "write BASE..HEAD")
        found.append(words[1].decode("ascii"))
    if not found or (any(name.strip("0") for name in found) and not environ.get("GIT_QUARANTINE_PATH")):
        raise UsageError("--range auto: this is not git's pre-receive hook, or its standard input was read by another", "write BASE..HEAD")
    return found


def target_of(environ: Mapping[str, str], event: bytes) -> str:
    """Return what this job's change is to be merged onto, as a revision; "" where the event is no change under review.

    Raises UsageError outside a known forge, or for an event that lacks what it should have.
    """
    hint = "name the merge target, for example --base origin/main"
    if environ.get("GITHUB_ACTIONS") != "true" and environ.get("GITLAB_CI") != "true":
        raise UsageError("--base auto: this is no job of GitHub or GitLab", hint)
    name = environ.get("GITHUB_EVENT_NAME", "") if environ.get("GITHUB_ACTIONS") == "true" else _source(environ)
    if name not in ("pull_request", "pull_request_target", "merge_group", "merge_request_event"):
        return ""
    try:
        # where the forge made a merge commit, its first parent: the target may have moved since the event was written
        return next((base for base, _, _ in (each.partition("..") for each in change_of(environ, event).ranges)), "")
    except UsageError as error:
        raise UsageError(error.what.replace("--range auto", "--base auto"), hint) from None


def from_fork(environ: Mapping[str, str], event: bytes) -> bool:
    """Tell whether this job runs for the pull or merge request of another repository, so that it has neither identity nor secrets.

    ``pull_request_target`` and its kind run with the target's identity, wherever the change comes from: those are no such jobs.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        if environ.get("GITHUB_EVENT_NAME") not in ("pull_request", "pull_request_review", "pull_request_review_comment"):
            return False
        payload = parse_json(event, "the event of this job (GITHUB_EVENT_PATH)", limit=EVENT_LIMIT)
        # the head of a fork that was deleted has no repository any more
        source, target = (text_at(payload, "pull_request", side, "repo", "full_name") for side in ("head", "base"))
        return source != target
    source, target = (environ.get(f"CI_MERGE_REQUEST_{name}PROJECT_ID", "") for name in ("SOURCE_", ""))
    return bool(source and target) and source != target


def _github(environ: Mapping[str, str], event: bytes) -> Change:
    name, sha, ref = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_SHA", ""), environ.get("GITHUB_REF", "")
    if name not in ("pull_request", "pull_request_target", "merge_group", "push"):
        return Change(name or "unknown")
    payload = parse_json(event, "the event of this job (GITHUB_EVENT_PATH)", limit=EVENT_LIMIT)
    if name == "merge_group":
        return Change(name, (f"{_id(payload, 'merge_group', 'base_sha')}..{_id(payload, 'merge_group', 'head_sha')}",))
    if name == "push":
        if ref.startswith("refs/tags/"):
            return Change("push of a tag")
        default = text_at(payload, "repository", "default_branch")
        return _push(_id(payload, "before"), _id(payload, "after"), ref.removeprefix("refs/heads/"), default)
    base, head = _id(payload, "pull_request", "base", "sha"), _id(payload, "pull_request", "head", "sha")
    ranges = [f"{base}..{head}"]
    if name == "pull_request" and re.fullmatch(r"refs/pull/[0-9]+/merge", ref) and COMMIT_ID.fullmatch(sha):
        # the merge commit that GitHub made: against its first parent it is the change, and only that
        ranges.insert(0, f"{sha}^1..{sha}")
    return Change(name, tuple(ranges))


def _source(environ: Mapping[str, str]) -> str:
    """Return what GitLab started the pipeline for; a child pipeline has the variables of its parent's merge request."""
    source = environ.get("CI_PIPELINE_SOURCE", "")
    return "merge_request_event" if source == "parent_pipeline" and environ.get("CI_MERGE_REQUEST_IID") else source


def _gitlab(environ: Mapping[str, str]) -> Change:
    source, head = _source(environ), environ.get("CI_COMMIT_SHA", "")
    if environ.get("CI_COMMIT_TAG"):
        return Change("push of a tag")
    if source not in ("merge_request_event", "push"):
        return Change(source or "unknown")
    if not COMMIT_ID.fullmatch(head):
        raise UsageError("--range auto: CI_COMMIT_SHA holds no commit id", "is this really a job of GitLab? write BASE..HEAD")
    if source == "push":
        branch, default = environ.get("CI_COMMIT_BRANCH", ""), environ.get("CI_DEFAULT_BRANCH", "")
        return _push(environ.get("CI_COMMIT_BEFORE_SHA", "") or "0" * 40, head, branch, default)
    base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    if not COMMIT_ID.fullmatch(base):
        raise UsageError("--range auto: CI_MERGE_REQUEST_DIFF_BASE_SHA holds no commit id", "write BASE..HEAD")
    if environ.get("CI_MERGE_REQUEST_EVENT_TYPE") in ("merged_result", "merge_train"):
        # a merge commit that GitLab made: its first parent is the target
        tip = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")
        return Change(source, (f"{head}^1..{head}", *([f"{base}..{tip}"] if COMMIT_ID.fullmatch(tip) else [])))
    return Change(source, (f"{base}..{head}",))


def _push(before: str, after: str, branch: str, default: str) -> Change:
    """Return the ranges of a push: from where the branch stood; for a new or rewritten one from where it left the default branch."""
    if not after.strip("0"):
        raise NothingToDo("the branch was deleted: there is nothing to look at", "leave deletions out of the job's conditions")
    target = [f"origin/{default}..{after}"] if default and branch != default else []
    if before.strip("0"):
        return Change("push", (f"{before}..{after}", *target))
    if not target:
        raise NothingToDo(
            "the push made the default branch: there is nothing to compare it with", "look at everything once: scan --history"
        )
    return Change("push of a new branch", tuple(target))


def _id(payload: object, *path: str) -> str:
    found = text_at(payload, *path)
    if not COMMIT_ID.fullmatch(found):
        raise UsageError(f"--range auto: the event of this job has no {'.'.join(path)}", "write BASE..HEAD")
    return found
