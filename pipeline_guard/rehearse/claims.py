# SPDX-License-Identifier: Apache-2.0
"""The claims that a forge would sign for a job: its full set, so that a policy that asks for any of them is exercised.

Sources: GitHub "OpenID Connect reference", GitLab "ID token authentication". Values that only the forge knows are ``assumed``,
or have a recognisable stand-in (numbers are 0 or 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames
from pipeline_guard.rehearse.situation import GITLAB_SOURCES, github_event, github_ref, gitlab_variables

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"
LIFE = 300  # seconds


def claims(job: JobNames, situation: Situation, *, audience: str, assumed: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return every claim; ``assumed`` replaces the stand-ins of what only the forge knows."""
    seconds, event = int(now.timestamp()), job.event
    times = {"iat": seconds, "nbf": seconds, "exp": seconds + LIFE, "jti": f"rehearsal-{seconds}"}
    if job.forge == "github":
        found = _github(job, situation, event)
        names = ("repository_id", "repository_owner_id", "actor_id", "enterprise_id")
        numbers = {"repository_id": "0", "repository_owner_id": "0", "actor_id": "1"} | _among(assumed, names)
    else:
        found = _gitlab(job, situation, event)
        numbers = {"project_id": "0", "namespace_id": "0", "user_id": "1"} | _among(assumed, ("project_id", "namespace_id", "user_id"))
        # in a fork's merge request project_* is the fork, job_project_* where the job runs
        own = "2" if event == "fork" else numbers["project_id"]
        found |= {"job_project_id": own, "job_namespace_id": "2" if event == "fork" else numbers["namespace_id"]}
        if event == "fork":
            numbers |= {"project_id": "2", "namespace_id": "2"}
    return {**found, **numbers, "aud": audience, **times}


def _among(assumed: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: assumed[name] for name in names if name in assumed}


def _github(job: JobNames, situation: Situation, event: str) -> dict[str, Any]:
    ref, name = github_ref(situation, event), github_event(event)
    caller = f"{situation.repository}/{job.path}@{ref}"
    pull = name in ("pull_request", "pull_request_target")
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    subject = f"environment:{job.environment.replace(':', '%3A')}" if job.environment else "pull_request" if pull else f"ref:{ref}"
    found = {
        "iss": GITHUB_ISSUER,
        "sub": f"repo:{situation.repository}:{subject}",
        "repository": situation.repository,
        "repository_owner": situation.owner,
        "repository_visibility": "private",
        "actor": "rehearsal",
        "event_name": name,
        "ref": ref,
        "ref_type": kind,
        "ref_protected": _protected(ref, situation),
        "sha": situation.sha,
        "base_ref": situation.target if pull else "",
        "head_ref": situation.branch if pull else "",
        "workflow": job.path,
        "workflow_ref": caller,
        "workflow_sha": situation.sha,
        "job_workflow_ref": job.callee or caller,
        "job_workflow_sha": situation.sha,
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "check_run_id": "1",
        "runner_environment": "self-hosted" if job.self_hosted else "github-hosted",
    }
    return found | ({"environment": job.environment} if job.environment else {})


def _gitlab(job: JobNames, situation: Situation, event: str) -> dict[str, Any]:
    variables = gitlab_variables(situation, event)
    event = event or ("tag" if "CI_COMMIT_TAG" in variables else "push")
    name = variables["CI_COMMIT_REF_NAME"]
    kind = "tag" if event == "tag" else "branch"
    path = f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"
    project = f"somebody/{situation.repository.rpartition('/')[2]}" if event == "fork" else situation.repository
    found = {
        "iss": GITLAB_ISSUER,
        "sub": f"project_path:{project}:ref_type:{kind}:ref:{name}",
        "project_path": project,
        "namespace_path": project.rpartition("/")[0],
        "project_visibility": "private",
        "job_project_path": project,
        "job_namespace_path": project.rpartition("/")[0],
        "user_login": "rehearsal",
        "user_email": "rehearsal@example.org",
        "user_access_level": "developer",
        "pipeline_id": "1",
        "pipeline_source": GITLAB_SOURCES[event],
        "job_id": "1",
        "job_source": "pipeline",
        "ref": name,
        "ref_type": kind,
        "ref_path": path,
        "ref_protected": _protected(path, situation),
        "sha": situation.sha,
        "runner_id": 1,
        "runner_environment": "self-hosted" if job.self_hosted else "gitlab-hosted",
        # NOTE: in a fork's merge request the target's path meets the fork's branch
        "ci_config_ref_uri": f"gitlab.com/{situation.repository}//{job.path}@{path}",
        "ci_config_sha": situation.sha,
    }
    if job.environment:
        found |= {
            "environment": job.environment,
            "environment_protected": "false",
            "deployment_tier": "other",
            "environment_action": "start",
        }
    return found


def _protected(ref: str, situation: Situation) -> str:
    """Assume that the default branch is protected, and nothing else."""
    return "true" if ref == f"refs/heads/{situation.target}" else "false"
