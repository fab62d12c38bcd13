# SPDX-License-Identifier: Apache-2.0
"""GitHub, asked whether a job has ended: by an App whose key lies in the token, or by a token that is referred to.

Facts: REST API, "Get a job for a workflow run" (a job's number is that of its check run, which the identity token names), "Get a workflow
run attempt", "Get a repository installation for the authenticated app", "Create an installation access token for an app". The permission
is actions: read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline_guard.adapters.engines.github_app import headers, installation_token, own_token
from pipeline_guard.adapters.watch.line import Line
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock

_MARGIN = timedelta(minutes=5)
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_OTHER = "GitHub's answer is of another job"


@dataclass(slots=True)
class GithubJobs:
    """Jobs of GitHub. ``token`` gives a credential; without it the App ``app`` asks, signed by ``key``, where it is installed."""

    clock: Clock
    line: Line
    app: str = ""
    key: Callable[[], EngineKey] | None = None
    token: Callable[[], Secret] | None = None
    _bearers: dict[str, tuple[Secret, datetime]] = field(default_factory=dict)  # by owner's number

    def has_ended(self, claims: Mapping[str, str]) -> bool:
        """Tell whether the job, or where its number is unknown its run attempt, is completed."""
        place = _place(claims)
        run, attempt, job = claims.get("run_id", ""), claims.get("run_attempt", ""), claims.get("check_run_id", "")
        asked = headers(self._bearer(place, claims))
        if _is_number(job):
            found = self.line.ask("GET", f"{place}/actions/jobs/{job}", asked)
            if str(found.get("id")) != job or str(found.get("run_id")) != run:
                raise Denied(_OTHER)
        elif _is_number(run) and _is_number(attempt):
            found = self.line.ask("GET", f"{place}/actions/runs/{run}/attempts/{attempt}", asked)
            if str(found.get("id")) != run or str(found.get("run_attempt")) != attempt:
                raise Denied(_OTHER)
        else:
            raise Denied("the identity token does not number its job")
        return bool(found.get("status") == "completed")

    def _bearer(self, place: str, claims: Mapping[str, str]) -> Secret:
        """Return a credential for a repository: one for each owner that the App is installed for, as long as it lives."""
        if self.token is not None:
            return self.token()
        owner = claims.get("repository_owner_id", "")
        kept = self._bearers.get(owner)
        if kept is not None and self.clock.now() < kept[1] - _MARGIN:
            return kept[0]
        own = headers(self._own())
        installation = self.line.ask("GET", f"{place}/installation", own).get("id")
        if type(installation) is not int:
            raise Unavailable("GitHub's answer is no installation", "is api: the address of GitHub's REST API?")
        body = {"permissions": {"actions": "read"}}
        made = installation_token(self.line.ask("POST", f"/app/installations/{installation}/access_tokens", own, body))
        if len(self._bearers) >= 1000:
            self._bearers.clear()
        self._bearers[owner] = made
        return made[0]

    def _own(self) -> Secret:
        if self.key is None:  # Defensive: the configuration names a token, or an App with its key
            raise Unavailable("nothing says how GitHub is asked")
        return own_token(self.app, self.key(), self.clock.now())


def _place(claims: Mapping[str, str]) -> str:
    name = claims.get("repository", "")
    if not _REPOSITORY.fullmatch(name) or {".", ".."} & set(name.split("/")):
        raise Denied("the identity token does not name its repository")
    return f"/repos/{name}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20
