# SPDX-License-Identifier: Apache-2.0
"""An identity token that the forge put into the job's environment, as GitLab does (docs.gitlab.com, "ID tokens")."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_guard.adapters.oidc.github import GithubToken
from pipeline_guard.errors import UsageError
from pipeline_guard.model.secret import Secret

VARIABLE = "PIPELINE_GUARD_ID_TOKEN"


class GivenToken:
    """A token of one audience, which was fixed before the job began."""

    binds = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def fetch(self, audience: str) -> Secret:
        """Return the token; raise UsageError with the lines of YAML that are missing."""
        found = self._environ.get(VARIABLE, "").strip()
        if found:
            return Secret(found.encode("utf-8", "replace"))
        if self._environ.get("GITLAB_CI") == "true":
            raise UsageError("this job has no identity token", f"add to the job: id_tokens: {{{VARIABLE}: {{aud: {audience}}}}}")
        raise UsageError("there is no identity token: this is no job of a forge we know", f"{VARIABLE} may hold one")


def token_source(environ: Mapping[str, str]) -> GithubToken | GivenToken:
    """Return where this job's identity comes from."""
    given = environ.get(VARIABLE, "")
    if not given and (environ.get("GITHUB_ACTIONS") == "true" or environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")):
        return GithubToken(environ)
    return GivenToken(environ)
