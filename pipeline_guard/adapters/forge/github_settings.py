# SPDX-License-Identifier: Apache-2.0
"""How a repository at GitHub is set up: one question after the other, reading only; what is not answered says why."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pipeline_guard.adapters.forge.github import connect
from pipeline_guard.adapters.forge.trouble import translated
from pipeline_guard.errors import Denied
from pipeline_guard.model.forge import ForgeFacts
from pipeline_guard.model.secret import Secret

_RULESETS = 100


class GitHubSettings:
    """Reads with ``metadata: read`` what everybody may see, with ``administration: read`` the rest."""

    def __init__(self, api: str, repository: str, token: Secret) -> None:
        self._client = connect(api, token)
        from github.GithubException import BadAttributeException, GithubException

        self._foreign, self._name = (GithubException, BadAttributeException), repository
        self._path = f"/repos/{repository}"

    def facts(self, branch: str) -> ForgeFacts:
        """Return all answers; ``branch`` "" means the default one. Raises Denied or Unavailable where the repository is not shown."""
        answers: dict[str, object] = {"repository": self._ask("", "the repository")}
        silent: dict[str, str] = {}
        found = answers["repository"]
        branch = branch or (str(found.get("default_branch", "")) if isinstance(found, dict) else "")
        short = quote(branch, safe="")
        questions = {
            "rules": f"/rules/branches/{short}?per_page=100",
            "rulesets": f"/rulesets?includes_parents=true&per_page={_RULESETS}",
            "protection": f"/branches/{short}/protection",
            "actions": "/actions/permissions",
            "workflow": "/actions/permissions/workflow",
            "fork-approval": "/actions/permissions/fork-pr-contributor-approval",
            "environments": "/environments?per_page=100",
        }
        for name, path in questions.items():
            try:
                answers[name] = self._ask(path, name)
            except Denied as error:
                silent[name] = error.what
        answers["ruleset-details"] = self._details(answers.get("rulesets"), silent)
        return ForgeFacts("github", self._name, branch, answers, silent)

    def _details(self, rulesets: object, silent: dict[str, str]) -> list[object]:
        """Return each ruleset as it is written; those of the organisation may be hidden."""
        found: list[object] = []
        for each in rulesets[:_RULESETS] if isinstance(rulesets, list) else []:
            number = each.get("id") if isinstance(each, dict) else None
            if not isinstance(number, int):
                continue
            try:
                found.append(self._ask(f"/rulesets/{number}?includes_parents=true", "ruleset"))
            except Denied as error:
                silent["ruleset-details"] = error.what
        return found

    def _ask(self, path: str, what: str) -> Any:
        with translated("GitHub", what, self._foreign):
            return self._client.requester.requestJsonAndCheck("GET", f"{self._path}{path}")[1]
