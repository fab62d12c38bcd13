# SPDX-License-Identifier: Apache-2.0
"""Project access tokens of GitLab: one a lease, named after it, revoked at the end together with its bot.

GitLab ends them at a day's beginning only; the lease ends them in time. Facts: GitLab API, "Project access tokens".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pipeline_guard.adapters.engines.web import exchange, refused
from pipeline_guard.errors import Unavailable
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.secret import Secret

_WHO = "GitLab"
_LEVELS = {"guest": 10, "reporter": 20, "developer": 30, "maintainer": 40}
_NEEDS = "the engine's own token needs the scope api and the role maintainer of the project"


@dataclass(frozen=True, slots=True)
class GitlabProject:
    """One project. ``token`` gives what may make tokens, as late as it is needed."""

    token: Callable[[], Secret]
    project: str
    scopes: Sequence[str]
    access_level: str
    url: str

    def handle(self, wish: Wish) -> Secret:
        """Return the name of the token to be, by which it is found."""
        return _handle(_name(wish), 0)

    def make(self, wish: Wish) -> Made:
        """Make a token that GitLab itself ends at the first midnight after the lease."""
        ends = (wish.expires.astimezone(UTC) + timedelta(days=1)).date()
        body = {
            "name": _name(wish),
            "scopes": list(self.scopes),
            "access_level": _LEVELS[self.access_level],
            "expires_at": ends.isoformat(),
        }
        status, found = self._ask("POST", "", body)
        if status != 201:
            raise refused(status, _WHO, "make a project access token", _NEEDS)
        try:
            token, number = found["token"], found["id"]
            if type(number) is not int or not token.isascii() or not token.isprintable():
                raise ValueError
        except (TypeError, KeyError, ValueError, AttributeError):
            raise Unavailable("GitLab's answer is no access token", "is url: the address of GitLab?") from None
        midnight = datetime(ends.year, ends.month, ends.day, tzinfo=UTC)
        about = f"project access token {number} of project {self.project}"
        return Made(Secret(token.encode("ascii")), midnight, _handle(_name(wish), number), revocable=True, about=about)

    def undo(self, handle: Secret) -> None:
        """Revoke it, by its number or where that is unknown by its name; one that is gone already is fine."""
        name, number = _read(handle)
        for each in [number] if number else self._numbers(name):
            status, _ = self._ask("DELETE", f"/{each}")
            if status not in (200, 204, 404):
                raise refused(status, _WHO, "revoke a project access token", _NEEDS)

    def _numbers(self, name: str) -> Sequence[int]:
        status, found = self._ask("GET", f"?state=active&search={quote(name)}")
        if status != 200 or not isinstance(found, list):
            raise refused(status, _WHO, "list project access tokens", _NEEDS)
        tokens = [each for each in found if isinstance(each, dict) and each.get("name") == name]
        return [each["id"] for each in tokens if type(each.get("id")) is int]

    def _ask(self, method: str, behind: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        headers = {"PRIVATE-TOKEN": self.token().reveal().decode("ascii", "replace").strip(), "User-Agent": "pipeline-guard"}
        url = f"{self.url.rstrip('/')}/api/v4/projects/{self.project}/access_tokens{behind}"
        return exchange(method, url, _WHO, "gitlab", headers=headers, body=body)


def _name(wish: Wish) -> str:
    return f"pipeline-guard lease {wish.lease}"


def _handle(name: str, number: int) -> Secret:
    return Secret(json.dumps({"name": name, "id": number}).encode("ascii"))


def _read(handle: Secret) -> tuple[str, int]:
    try:
        found = json.loads(handle.reveal())
        return str(found["name"]), int(found["id"])
    except (ValueError, KeyError, TypeError):
        raise Unavailable("the handle of a project access token is damaged", "revoke it by hand: it is named after its lease") from None
