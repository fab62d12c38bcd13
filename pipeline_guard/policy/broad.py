# SPDX-License-Identifier: Apache-2.0
"""Grants that let in more than they should, each shown by a token that would get in and should not.

Nothing is reported on suspicion: every counter-example went through the same decision as a real token, and was allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.decide import ORDINARY_EVENTS, decide
from pipeline_guard.policy.match import widest
from pipeline_guard.policy.parse import Grant, Policy

_STRANGER = "attacker"


@dataclass(frozen=True, slots=True)
class Broad:
    """One way into a grant: who gets in, what keeps them out, and the claims of a token that shows it."""

    grant: str
    what: str
    fix: str
    token: Mapping[str, str]
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class _Way:
    """A change of an honest job's claims that a grant should notice."""

    what: str
    fix: str
    change: Callable[[Mapping[str, str]], Mapping[str, str]]


def _branch(claims: Mapping[str, str]) -> Mapping[str, str]:
    ref = f"refs/heads/{_STRANGER}"
    moved = {name: claims[name].partition("@")[0] + "@" + ref for name in ("workflow_ref", "job_workflow_ref", "ci_config_ref_uri")}
    return {
        "ref": ref if "repository_id" in claims else _STRANGER,
        "ref_path": ref,
        "ref_protected": "false",
        "ref_type": "branch",
        **moved,
    }


def _github_file(claims: Mapping[str, str]) -> Mapping[str, str]:
    return {"workflow_ref": f"{claims['repository']}/.github/workflows/{_STRANGER}.yml@{claims['ref']}"}


def _called_file(_claims: Mapping[str, str]) -> Mapping[str, str]:
    return {"job_workflow_ref": f"{_STRANGER}/steps/.github/workflows/any.yml@refs/heads/main"}


_BRANCH = _Way("any branch of the repository gets in, so does anybody who may push one", "claims: {ref: refs/heads/main}", _branch)
_GITHUB_WAYS = (
    _Way(
        "any repository of the same owner gets in",
        "name repository_id beside repository_owner_id",
        lambda _claims: {"repository_id": "999000111", "repository": f"owner/{_STRANGER}"},
    ),
    _BRANCH,
    _Way(
        "any workflow file of the repository gets in, so does one that a pull request added",
        "name the caller: claims: {workflow_ref: OWNER/REPO/.github/workflows/FILE.yml@refs/heads/main}",
        _github_file,
    ),
    _Way(
        "a job that some other reusable workflow defines gets in, with that workflow's code",
        "name the callee: claims: {job_workflow_ref: OWNER/REPO/.github/workflows/FILE.yml@refs/heads/main}",
        _called_file,
    ),
    _Way(
        "a job on a self-hosted runner gets in, whose machine others may have used before",
        "claims: {runner_environment: github-hosted}",
        lambda _claims: {"runner_environment": "self-hosted"},
    ),
)
_GITLAB_WAYS = (
    _Way(
        "any project of the same namespace gets in",
        "name project_id beside namespace_id",
        lambda _claims: {"project_id": "999000111", "job_project_id": "999000111", "project_path": f"group/{_STRANGER}"},
    ),
    _BRANCH,
    _Way(
        "a pipeline whose definition is another file gets in",
        "claims: {ci_config_ref_uri: HOST/GROUP/PROJECT//.gitlab-ci.yml@refs/heads/main}",
        lambda _claims: {"ci_config_ref_uri": f"{_STRANGER}.example/x//.gitlab-ci.yml@refs/heads/main"},
    ),
    _Way(
        "a job on a runner of anybody's own gets in",
        "claims: {runner_environment: gitlab-hosted}",
        lambda _claims: {"runner_environment": "self-hosted"},
    ),
)
# named events that let strangers steer a job
_STEERED = ("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment", "merge_request_event",
            "external_pull_request_event", "pull_request", "pull_request_review", "pull_request_review_comment")  # fmt: skip


def broad(policy: Policy) -> list[Broad]:
    """Return every way into every grant that should not be there."""
    found: list[Broad] = []
    for number, grant in enumerate(policy.grants, start=1):
        found += _of_grant(grant, grant.name or f"number {number}")
    return found


def _of_grant(grant: Grant, label: str) -> list[Broad]:
    alone = Policy(grants=(grant,))
    honest = example(grant)
    found = []

    def try_with(what: str, fix: str, claims: Mapping[str, str]) -> None:
        name, is_key = (grant.secrets[0], False) if grant.secrets else (grant.keys[0], True)
        identity = JobIdentity("example", grant.issuer, grant.audience, "", claims)
        if decide(alone, identity, name, key=is_key).allowed:
            token = {"iss": grant.issuer, "aud": grant.audience, **claims}
            found.append(Broad(label, what, fix, token, grant.accept_broad))

    for way in _GITLAB_WAYS if _is_gitlab(grant) else _GITHUB_WAYS:
        try_with(way.what, way.fix, {**honest, **way.change(honest)})
    for claim in ORDINARY_EVENTS:
        for event in _several(grant.claims.get(claim, ())):
            if event in _STEERED:
                fix = f"take {event} out of {claim}, or say under accept-broad why it is needed"
                try_with(f"the event {event} gets in: an outsider steers what such a job does", fix, {**honest, claim: event})
    for claim, patterns in grant.patterns.items():
        for pattern in _several(patterns):
            value = widest(pattern, _STRANGER)
            if claim in ("ref", "ref_path", "workflow_ref", "job_workflow_ref", "ci_config_ref_uri") and _STRANGER in value:
                fix = "name the values, or protect everything that the pattern matches"
                try_with(f"{claim} {value} gets in by the pattern {pattern}", fix, {**honest, claim: value})
    return found


def example(grant: Grant) -> dict[str, str]:
    """Return the claims of an honest job that a grant is meant for."""
    if _is_gitlab(grant):
        claims = {
            "project_id": "4711", "namespace_id": "42", "job_project_id": "4711", "project_path": "group/project", "ref": "main",
            "ref_path": "refs/heads/main", "ref_type": "branch", "ref_protected": "true", "pipeline_source": "push", "job_id": "1",
            "runner_environment": "gitlab-hosted", "ci_config_ref_uri": "gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main",
            "workflow_ref": "", "job_workflow_ref": "", "sha": "0" * 40,
        }  # fmt: skip
    else:
        file = "owner/repository/.github/workflows/deploy.yml@refs/heads/main"
        claims = {
            "repository_id": "4711", "repository_owner_id": "42", "repository": "owner/repository", "ref": "refs/heads/main",
            "ref_path": "", "ref_type": "branch", "ref_protected": "true", "event_name": "push", "workflow_ref": file,
            "job_workflow_ref": file, "ci_config_ref_uri": "", "runner_environment": "github-hosted", "run_id": "1", "run_attempt": "1",
            "check_run_id": "1", "sha": "0" * 40,
        }  # fmt: skip
    for claim, value in grant.claims.items():
        claims[claim] = _several(value)[0]
    for claim, value in grant.patterns.items():
        claims[claim] = widest(_several(value)[0], "x")
    return claims


def _is_gitlab(grant: Grant) -> bool:
    return "project_id" in grant.claims or "namespace_id" in grant.claims


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value
