# SPDX-License-Identifier: Apache-2.0
"""GitLab through python-gitlab: the commit status, one discussion that blocks until it is resolved, the external status check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline_guard.adapters.forge.trouble import again, optional, translated
from pipeline_guard.errors import Denied, Unavailable
from pipeline_guard.model.forge import MARKER, Posted, Publication
from pipeline_guard.model.secret import Secret

if TYPE_CHECKING:
    from gitlab import Gitlab

_TITLE = 255  # characters of a status' description
_NOTE = 1_000_000  # characters that GitLab takes; summaries are far shorter
_LOOKED_AT = 3_000  # discussions of a merge request, statuses of a commit


def connect(url: str, token: Secret, pause: Callable[[float], None] = time.sleep) -> Gitlab:
    """Return a client of the server at ``url`` that asks nobody else. Raises Unavailable where python-gitlab is not installed."""
    try:
        import gitlab
    except ImportError:
        raise Unavailable("python-gitlab is not installed", 'pip install "pipeline-guard[gitlab]"') from None
    import requests

    from pipeline_guard.adapters.forge.line import Line

    session = requests.Session()
    line = Line(url, pause=pause)
    session.mount("http://", line)
    session.mount("https://", line)
    # keep_base_url: pages that follow are asked where the first one was; waiting is the line's business
    return gitlab.Gitlab(url, private_token=token.reveal().decode(), session=session, per_page=100, keep_base_url=True)


class GitLabForge:
    """One project. ``token`` is a project's or a person's, with the scope ``api``: a job's own token may not do this."""

    def __init__(self, url: str, project: str, token: Secret, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = connect(url, token, pause)
        from gitlab.exceptions import GitlabError

        self._foreign, self._pause = (GitlabError,), pause
        self._project = self._client.projects.get(project, lazy=True)

    def head_of(self, change: str) -> str:
        """Return the commit that a merge request would bring in as of now."""
        with translated("GitLab", f"merge request {change}", self._foreign):
            return str(self._project.mergerequests.get(change).sha)

    def post(self, publication: Publication) -> list[Posted]:
        """Post everything that is wanted; only the status must succeed. Raises Denied or Unavailable where that does not."""
        posted = [again(lambda: self._status(publication), self._pause)]
        if publication.event.change:
            if publication.has_comment:
                posted.append(optional("discussion", lambda: self._discuss(publication), self._pause))
            posted.append(optional("external status check", lambda: self._answer_check(publication), self._pause))
        return posted

    def _status(self, publication: Publication) -> Posted:
        state, title = "success" if publication.is_good else "failed", publication.title[:_TITLE]
        with translated("GitLab", "status", self._foreign):
            commit = self._project.commits.get(publication.event.head, lazy=True)
            statuses = islice(commit.statuses.list(iterator=True, name=publication.name), _LOOKED_AT)
            if any((each.status, each.description) == (state, title) for each in statuses if each.name == publication.name):
                return Posted("status", "kept", state)
            content = {"state": state, "name": publication.name, "description": title}
            if publication.event.url:
                content["target_url"] = publication.event.url
            commit.statuses.create(content)
        return Posted("status", "made", state)

    def _discuss(self, publication: Publication) -> Posted:
        """Open a discussion where the verdict is red, and resolve it where it is green; it blocks where the project says so."""
        body = f"{MARKER}\n{publication.summary}"[:_NOTE]
        with translated("GitLab", "discussion", self._foreign):
            change = self._project.mergerequests.get(publication.event.change, lazy=True)
            mine = self._mine(islice(change.discussions.list(iterator=True), _LOOKED_AT))
            if mine is None:
                if publication.is_good:
                    return Posted("discussion", "kept", "there is nothing to discuss")
                change.discussions.create({"body": body})
                return Posted("discussion", "made", "unresolved")
            note = mine.attributes["notes"][0]
            is_same = note["body"] == body and bool(note.get("resolved")) is publication.is_good
            if is_same:
                return Posted("discussion", "kept", "resolved" if publication.is_good else "unresolved")
            if note["body"] != body:
                mine.notes.update(note["id"], {"body": body})
            if bool(note.get("resolved")) is not publication.is_good:
                change.discussions.update(mine.id, {"resolved": publication.is_good})
        return Posted("discussion", "changed", "resolved" if publication.is_good else "unresolved")

    def _mine(self, discussions: Iterable[Any]) -> Any | None:
        """Return our discussion. Somebody else's that begins like ours is not: who began it could resolve it."""
        marked = [each for each in discussions if each.attributes["notes"] and each.attributes["notes"][0]["body"].startswith(MARKER)]
        if not marked:
            return None
        own = self._client.http_get("/user")["id"]
        return next((each for each in marked if each.attributes["notes"][0]["author"]["id"] == own), None)

    def _answer_check(self, publication: Publication) -> Posted:
        """Answer the external status check of our name, as GitLab Ultimate has them; it refuses a commit that is not the newest."""
        event, what = publication.event, "external status check"
        with translated("GitLab", what, self._foreign):
            change = self._project.mergerequests.get(event.change, lazy=True)
            known = [each for each in change.status_checks.list(get_all=True) if _is_asked(each, event.check_id, publication.name)]
            if not known:
                raise Denied(
                    f"the project has no external status check called {publication.name}", "docs/enforcement.md tells how to add it"
                )
            status = "passed" if publication.is_good else "failed"
            if known[0].status == status:
                return Posted(what, "kept", status)
            path = f"/projects/{self._project.encoded_id}/merge_requests/{event.change}/status_check_responses"
            content = {"sha": event.head, "external_status_check_id": known[0].id, "status": status}
            self._client.http_post(path, post_data=content)
        return Posted(what, "made", status)


def _is_asked(check: Any, number: str, name: str) -> bool:
    return str(check.id) == number if number else bool(check.name == name)
