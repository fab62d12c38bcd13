# SPDX-License-Identifier: Apache-2.0
"""How a project at GitLab is set up: one question after the other, reading only; what is not answered says why."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pipeline_guard.adapters.forge.gitlab import connect
from pipeline_guard.adapters.forge.trouble import translated
from pipeline_guard.errors import Denied
from pipeline_guard.model.forge import ForgeFacts
from pipeline_guard.model.secret import Secret


class GitLabSettings:
    """Reads with the scope ``read_api`` and the role Maintainer; less shows less."""

    def __init__(self, url: str, project: str, token: Secret) -> None:
        self._client = connect(url, token)
        from gitlab.exceptions import GitlabError

        self._foreign, self._name = (GitlabError,), project
        self._path = f"/projects/{quote(project, safe='')}"

    def facts(self, branch: str) -> ForgeFacts:
        """Return all answers; ``branch`` "" means the default one. Raises Denied or Unavailable where the project is not shown."""
        answers: dict[str, object] = {"project": self._ask("", "the project")}
        silent: dict[str, str] = {}
        found = answers["project"]
        branch = branch or (str(found.get("default_branch", "")) if isinstance(found, dict) else "")
        questions = {
            "protected-branches": "/protected_branches?per_page=100",
            "protected-tags": "/protected_tags?per_page=100",
            "approvals": "/approvals",
            "approval-rules": "/approval_rules?per_page=100",
            "push-rule": "/push_rule",
            "job-token-scope": "/job_token_scope",
            "status-checks": "/external_status_checks?per_page=100",
        }
        for name, path in questions.items():
            try:
                answers[name] = self._ask(path, name)
            except Denied as error:
                silent[name] = error.what
        return ForgeFacts("gitlab", self._name, branch, answers, silent)

    def _ask(self, path: str, what: str) -> Any:
        with translated("GitLab", what, self._foreign):
            return self._client.http_request("get", f"{self._path}{path}").json()
