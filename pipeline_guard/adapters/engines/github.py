# SPDX-License-Identifier: Apache-2.0
"""Installation tokens of a GitHub App whose key lies in the token: narrowed to permissions and repositories, revoked at the end.

Facts: GitHub REST API, "Create an installation access token for an app", "Revoke an installation access token"; a token lives one hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.adapters.engines.github_app import headers, installation_token, own_token
from pipeline_guard.adapters.engines.web import exchange, refused
from pipeline_guard.errors import Denied, GuardError, Unavailable, UsageError
from pipeline_guard.model.dynamic import EngineKey, Made, Wish
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock

_WHO = "GitHub"
_RANK = {"read": 1, "write": 2, "admin": 3}
_NEEDS = "are app, installation and key right, and does the App have the permissions and repositories?"


@dataclass(frozen=True, slots=True)
class GithubApp:
    """One installation of one App, and what its tokens may do."""

    clock: Clock
    key: Callable[[], EngineKey]
    app: str
    installation: str
    permissions: Mapping[str, str]
    repositories: Sequence[str]
    api: str

    def make(self, wish: Wish) -> Made:
        """Ask for a token; one that GitHub made wider than asked for is given back at once, and denied."""
        del wish  # a token of GitHub carries no name: the audit log tells whose it is
        asked = headers(self._app_token())
        body = {"permissions": dict(self.permissions), "repositories": list(self.repositories)}
        url = f"{self.api.rstrip('/')}/app/installations/{self.installation}/access_tokens"
        status, found = exchange("POST", url, _WHO, "github", headers=asked, body=body)
        if status != 201:
            raise refused(status, _WHO, "make an installation token", _NEEDS)
        token, expires = installation_token(found)
        excess = self._excess(found)
        if excess:
            self._give_back(token)
            raise Denied(f"GitHub made a token that may do more than was asked for: {excess}", "this must not be: look at the App")
        about = f"installation token for {', '.join(self.repositories)}"
        return Made(token, expires, token, revocable=True, about=about[:200])

    def undo(self, handle: Secret) -> None:
        """Revoke a token with itself; one that GitHub does not know any more is gone."""
        url = f"{self.api.rstrip('/')}/installation/token"
        status, _ = exchange("DELETE", url, _WHO, "github", headers=headers(handle))
        if status not in (204, 401, 404):
            raise Unavailable(f"GitHub answers {status} instead of revoking a token", "it is tried again; it ends after an hour by itself")

    def _app_token(self) -> Secret:
        key = self.key()
        if key.type not in (KeyType.RSA_3072, KeyType.RSA_2048):
            raise UsageError(f"key {key.name} is no key of a GitHub App: it is {key.type.value}", "pipeline-guard keys import NAME")
        return own_token(self.app, key, self.clock.now())

    def _excess(self, found: Mapping[str, Any]) -> str:
        """Return what a token may do beyond what was asked for; reading metadata comes with any permission."""
        allowed = {"metadata": "read", **self.permissions}
        granted = found.get("permissions")
        for name, level in granted.items() if isinstance(granted, dict) else ():
            if _RANK.get(str(level), 9) > _RANK.get(allowed.get(name, ""), 0):
                return f"{name} {level}"[:80]
        if found.get("repository_selection", "selected") != "selected":
            return "all repositories"
        repositories = found.get("repositories") or []
        names = {str(each.get("name")).lower() for each in repositories if isinstance(each, dict)}
        return ", ".join(sorted(names - {name.lower() for name in self.repositories}))[:80]

    def _give_back(self, token: Secret) -> None:
        try:
            self.undo(token)
        except GuardError:
            return  # it ends after an hour, and nobody has it
