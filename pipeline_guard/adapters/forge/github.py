# SPDX-License-Identifier: Apache-2.0
"""GitHub through PyGithub: the status or check run, the one comment, the SARIF file; and the head that a pull request has now."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline_guard.adapters.forge.trouble import again, optional, translated
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.forge import MARKER, Notice, Posted, Publication
from pipeline_guard.model.secret import Secret

if TYPE_CHECKING:
    from github import Github
    from github.CheckRun import CheckRun
    from github.IssueComment import IssueComment
    from github.Repository import Repository

_ANNOTATIONS = 50  # of one request; GitHub appends those of further requests
_NOTICES = 200  # in all: more are in the report
_TEXT = 65_535  # characters of a check run's summary
_COMMENT = 65_536  # characters
_TITLE = 140  # characters of a status' description
_SARIF = 10 * 1024 * 1024  # bytes, compressed
_LOOKED_AT = 3_000  # comments of a pull request, runs of a commit
_APP = "ghs_"  # tokens of installed Apps begin like this, the job's own among them


def connect(api: str, token: Secret, pause: Callable[[float], None] = time.sleep) -> Github:
    """Return a client that asks ``api`` and nobody else. Raises Unavailable where PyGithub is not installed."""
    try:
        from github import Auth, Github
        from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester
    except ImportError:
        raise Unavailable("PyGithub is not installed", 'pip install "pipeline-guard[github]"') from None
    from pipeline_guard.adapters.forge.line import Line

    line = Line(api, pause=pause)

    class Plain(HTTPRequestsConnectionClass):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            self.session.mount("http://", line)

    class Tls(HTTPSRequestsConnectionClass):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            self.session.mount("https://", line)

    Requester.injectConnectionClasses(Plain, Tls)
    # waiting and trying again is the line's business; nothing is fetched that was not asked for (lazy)
    return Github(
        auth=Auth.Token(token.reveal().decode()),
        base_url=api,
        retry=None,
        per_page=100,
        lazy=True,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


class GitHubForge:
    """One repository. ``token`` needs ``statuses: write`` or ``checks: write``; the rest is optional."""

    def __init__(self, api: str, repository: str, token: Secret, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = connect(api, token, pause)
        from github.GithubException import BadAttributeException, GithubException

        self._foreign, self._pause = (GithubException, BadAttributeException), pause
        self._is_app = token.reveal().startswith(_APP.encode())
        with translated("GitHub", "the repository", self._foreign):
            self._repository: Repository = self._client.get_repo(repository)

    def head_of(self, change: str) -> str:
        """Return the commit that a pull request would bring in as of now."""
        with translated("GitHub", f"pull request {change}", self._foreign):
            return str(self._repository.get_pull(int(change)).head.sha)

    def post(self, publication: Publication) -> list[Posted]:
        """Post everything that is wanted; only the status must succeed. Raises Denied or Unavailable where that does not."""
        posted = self._decisive(publication)
        if publication.has_comment and publication.event.change:
            posted.append(optional("comment", lambda: self._comment(publication), self._pause))
        if publication.sarif:
            posted.append(optional("SARIF", lambda: self._upload(publication), self._pause))
        return posted

    def _decisive(self, publication: Publication) -> list[Posted]:
        if self._is_app:
            try:
                return [again(lambda: self._check_run(publication), self._pause)]
            except Denied as error:  # an App may lack the permission for checks and have that for statuses
                left = Posted("check run", "left out", error.what)
            return [left, again(lambda: self._status(publication), self._pause)]
        return [again(lambda: self._status(publication), self._pause)]

    def _status(self, publication: Publication) -> Posted:
        state, title = "success" if publication.is_good else "failure", publication.title[:_TITLE]
        with translated("GitHub", "status", self._foreign):
            commit = self._repository.get_commit(publication.event.head)
            # NOTE: the newest of each name; PyGithub's get_statuses asks at an address that GitHub does not document
            last = next((each for each in commit.get_combined_status().statuses if each.context == publication.name), None)
            if last and (last.state, last.description) == (state, title):
                return Posted("status", "kept", state)
            more = {"target_url": publication.event.url} if publication.event.url else {}
            commit.create_status(state, description=title, context=publication.name, **more)
        return Posted("status", "made", state)

    def _check_run(self, publication: Publication) -> Posted:
        """Make a check run and add its annotations in pieces; one that says the same already is kept."""
        conclusion = "success" if publication.is_good else "failure"
        external = Digest.sha256(repr((publication.title, publication.summary, publication.notices)).encode()).hex
        notices = [_annotation(notice) for notice in publication.notices[:_NOTICES]]
        output: dict[str, Any] = {"title": publication.title[:255], "summary": publication.summary[:_TEXT]}
        with translated("GitHub", "check run", self._foreign):
            commit = self._repository.get_commit(publication.event.head)
            runs = islice(commit.get_check_runs(check_name=publication.name, filter="latest"), _LOOKED_AT)
            if any(_says_so(run, external, conclusion) for run in runs):
                return Posted("check run", "kept", conclusion)
            first, rest = notices[:_ANNOTATIONS], notices[_ANNOTATIONS:]
            more: dict[str, Any] = {"details_url": publication.event.url} if publication.event.url else {}
            if not rest:
                more |= {"conclusion": conclusion}
            run = self._repository.create_check_run(
                publication.name,
                publication.event.head,
                external_id=external,
                status="in_progress" if rest else "completed",
                output=output | {"annotations": first},
                **more,
            )
            for start in range(0, len(rest), _ANNOTATIONS):
                piece = output | {"annotations": rest[start : start + _ANNOTATIONS]}
                is_last = start + _ANNOTATIONS >= len(rest)
                if is_last:
                    run.edit(output=piece, status="completed", conclusion=conclusion)
                else:
                    run.edit(output=piece)
        return Posted("check run", "made", conclusion)

    def _comment(self, publication: Publication) -> Posted:
        body = f"{MARKER}\n{publication.summary}"[:_COMMENT]
        with translated("GitHub", "comment", self._foreign):
            pull = self._repository.get_pull(int(publication.event.change))
            mine = self._mine(islice(pull.get_issue_comments(), _LOOKED_AT))
            if mine and mine.body == body:
                return Posted("comment", "kept")
            if mine:
                mine.edit(body)
                return Posted("comment", "changed")
            pull.create_issue_comment(body)
        return Posted("comment", "made")

    def _mine(self, comments: Iterable[IssueComment]) -> IssueComment | None:
        """Return our comment. Somebody else's that begins like ours is not: who wrote it could rewrite it afterwards."""
        marked = [comment for comment in comments if (comment.body or "").startswith(MARKER)]
        if not marked:
            return None
        if self._is_app:
            return next((comment for comment in marked if comment.user.type == "Bot"), None)
        own = self._client.get_user().login
        return next((comment for comment in marked if comment.user.login == own), None)

    def _upload(self, publication: Publication) -> Posted:
        packed = gzip.compress(publication.sarif, mtime=0)
        if len(packed) > _SARIF:
            raise UsageError("the SARIF file is larger than GitHub takes")
        event = publication.event
        ref = f"refs/pull/{event.change}/head" if event.change else event.ref
        content = {"commit_sha": event.head, "ref": ref, "sarif": base64.b64encode(packed).decode("ascii"), "tool_name": "pipeline-guard"}
        with translated("GitHub", "SARIF", self._foreign):
            self._client.requester.requestJsonAndCheck("POST", f"{self._repository.url}/code-scanning/sarifs", input=content)
        return Posted("SARIF", "made")


def _says_so(run: CheckRun, external: str, conclusion: str) -> bool:
    return (run.external_id, run.status, run.conclusion) == (external, "completed", conclusion)


def _annotation(notice: Notice) -> dict[str, Any]:
    return {
        "path": notice.path,
        "start_line": notice.line,
        "end_line": notice.line,
        "annotation_level": notice.level,
        "title": notice.title[:255],
        "message": notice.message[:4_000],
    }
