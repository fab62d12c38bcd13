# SPDX-License-Identifier: Apache-2.0
"""Forges as far as they tell of their jobs, for ``forge_server``: who asks is checked as they check it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt

from tests.fakes.forge_server import Refused
from tests.fakes.openapi import github_api, gitlab_api

R = "/repos/{owner}/{repo}"


@dataclass
class ActionsJobs:
    """GitHub. ``jobs`` are status by (run, attempt, job); ``app`` and its public key ask by a JWT, for what it is installed on."""

    app: str = "4711"
    public_pem: str = ""
    name: str = "octo/app"
    prefix: str = ""
    url: str = ""
    tokens: set[str] = field(default_factory=set)
    jobs: dict[tuple[int, int, int], str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)  # what an answer says in place of the truth
    made: int = 0

    def __post_init__(self) -> None:
        self.api = github_api()

    def answer(self, method: str, route: str, parts: dict[str, str], _query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        if route == "/app/installations/{installation_id}/access_tokens":
            self._check_app(token)
            return self._token(parts, body)
        if f"{parts['owner']}/{parts['repo']}" != self.name:
            raise Refused(404, "Not Found")
        if route == f"{R}/installation":
            self._check_app(token)
            return 200, self._example(method, route, 200) | {"id": 77}
        if token not in self.tokens:
            raise Refused(401, "Bad credentials")
        if route == f"{R}/actions/jobs/{{job_id}}":
            return 200, self._job(int(parts["job_id"]))
        return 200, self._run(int(parts["run_id"]), int(parts["attempt_number"]))

    def _check_app(self, token: str) -> None:
        try:
            claims = jwt.decode(token, self.public_pem, algorithms=["RS256"], issuer=self.app, options={"require": ["iat", "exp"]})
        except jwt.InvalidTokenError:
            raise Refused(401, "A JSON web token could not be decoded") from None
        if claims["exp"] - time.time() > 600:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")

    def _token(self, parts: dict[str, str], body: Any) -> tuple[int, Any]:
        if parts["installation_id"] != "77" or body != {"permissions": {"actions": "read"}}:
            raise Refused(422, "The permissions requested are not granted to this installation.")
        self.made += 1
        token = f"ghs_{secrets.token_hex(8)}"
        self.tokens.add(token)
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return 201, {"token": token, "expires_at": ends, "permissions": {"actions": "read"}, "repository_selection": "all"}

    def _job(self, number: int) -> Any:
        for (run, attempt, job), status in self.jobs.items():
            if job == number:
                shown = self._example("get", f"{R}/actions/jobs/{{job_id}}", 200)
                shown |= {"id": job, "run_id": run, "run_attempt": attempt, "status": status}
                shown["check_run_url"] = f"{self.url}/repos/{self.name}/check-runs/{job}"
                return shown | {"conclusion": "success" if status == "completed" else None} | self.changes
        raise Refused(404, "Not Found")

    def _run(self, number: int, attempt: int) -> Any:
        for (run, tried, _), status in self.jobs.items():
            if (run, tried) == (number, attempt):
                route = f"{R}/actions/runs/{{run_id}}/attempts/{{attempt_number}}"
                return self._example("get", route, 200) | {"id": run, "run_attempt": attempt, "status": status} | self.changes
        raise Refused(404, "Not Found")

    def _example(self, method: str, route: str, status: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.example(method.lower(), route, status)
        return found


@dataclass
class PipelineJobs:
    """GitLab. ``jobs`` are status by (project, job)."""

    token: str
    prefix: str = "/api/v4"
    url: str = ""
    jobs: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = gitlab_api()

    def answer(self, _method: str, _route: str, parts: dict[str, str], _query: dict[str, str], _body: Any, token: str) -> tuple[int, Any]:
        if token != self.token:
            raise Refused(401, "401 Unauthorized")
        status = self.jobs.get((parts["id"], parts["job_id"]))
        if status is None:
            raise Refused(404, "404 Not found")
        project, job = int(parts["id"]), int(parts["job_id"])
        pipeline = {"id": 5, "project_id": project, "ref": "main", "sha": "b" * 40, "status": "running"}
        moment = "2026-01-02T03:04:05Z"
        return 200, {
            "id": job, "name": "deploy", "stage": "deploy", "status": status, "ref": "main", "pipeline": pipeline, "commit": {}, "user": {},
            "created_at": moment, "started_at": moment, "finished_at": None, "web_url": f"{self.url}/-/jobs/{job}",
        }  # fmt: skip
