# SPDX-License-Identifier: Apache-2.0
"""The identity token of a GitHub Actions job (docs.github.com "OpenID Connect reference"); Forgejo keeps the same contract."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pipeline_guard.adapters.https import context, request
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.secret import Secret

_PERMISSION = "add to the job: permissions: {id-token: write, contents: read}"
_LIMIT = 64 * 1024
_TRIES = 3  # the endpoint fails now and then


class GithubToken:
    """Asks the runner's endpoint for a token."""

    binds = True  # any audience may be asked for, so also one that names the job's key

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def fetch(self, audience: str) -> Secret:
        """Return a token. Raises Denied for a fork's pull request, UsageError where the job lacks the permission, Unavailable."""
        url, bearer = (self._environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
        if not url or not bearer:
            if self._is_fork():
                raise Denied(
                    "fork pull request: there is no job identity, by design", "secrets and signatures are for the repository's own jobs"
                )
            raise UsageError("this job may not ask for an identity token", _PERMISSION)
        mark = "&" if "?" in url else "?"
        for attempt in range(_TRIES):
            answer = request(
                "GET",
                f"{url}{mark}audience={quote(audience, safe='')}",
                trust=context(),
                limit=_LIMIT,
                patience=10,
                headers={"Authorization": f"Bearer {bearer}"},
            )
            if answer.status == 200:
                return _token(answer.body)
            if answer.status in (401, 403):
                raise Unavailable("the runner's request token is refused", "it ends with the job: ask while the job runs")
            time.sleep(0.5 * (attempt + 1))
        raise Unavailable(f"the identity provider answers with status {answer.status}", "try again; githubstatus.com tells of outages")

    def _is_fork(self) -> bool:
        """Tell whether the event is a pull request from another repository."""
        path = self._environ.get("GITHUB_EVENT_PATH", "")
        if not self._environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request") or not path:
            return False
        try:
            event = json.loads(Path(path).read_bytes()[: 8 * 1024 * 1024])
            head, base = (event["pull_request"][side]["repo"] for side in ("head", "base"))
            return head is None or head["id"] != base["id"]
        except (OSError, ValueError, KeyError, TypeError):
            return False


def _token(body: bytes) -> Secret:
    try:
        found = parse_json(body, "the answer of the identity provider", limit=_LIMIT)
        return Secret(found["value"].encode("ascii"))
    except (UsageError, KeyError, TypeError, AttributeError, UnicodeEncodeError):
        raise Unavailable("the identity provider's answer cannot be read", "try again") from None
