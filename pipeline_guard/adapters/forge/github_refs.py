# SPDX-License-Identifier: Apache-2.0
"""Tags, branches and commits of GitHub repositories, by its REST interface (version 2022-11-28).

A fork shares its parent's commits, so that any commit of any fork answers under the parent's name; only the way from
one of its own branches or tags proves that a commit is the repository's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pipeline_guard.adapters.http import Client, Missing, decoded
from pipeline_guard.errors import Unavailable

PUBLIC = "https://api.github.com"
_LIMIT = 8 * 1024 * 1024  # bytes of one answer
_REPOSITORY = re.compile(r"[\w-]+/(?!\.\.?\Z)[\w.-]+", re.ASCII)
_PAGES = 10  # of a hundred tags each
_BRANCHES = 20  # compared at most; a commit of none of these stays undecided


class GithubRefs:
    """The repositories of one GitHub server; each question is asked once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._url = (environ.get("GITHUB_API_URL") or PUBLIC).rstrip("/")
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self._client = Client(headers | ({"Authorization": f"Bearer {token}"} if token else {}))
        self._answers: dict[str, Any] = {}

    def commit(self, repository: str, ref: str) -> str:
        """Return the commit that a tag, or else a branch, stands for, annotated tags peeled; "" where there is neither."""
        _check(repository)
        for kind in ("tags", "heads"):
            answer = self._ask(f"/repos/{repository}/git/ref/{kind}/{quote(ref)}")
            named = answer.get("object", {}) if isinstance(answer, dict) else {}
            for _ in range(5):  # a tag may point to a tag
                if not isinstance(named, dict) or named.get("type") != "tag":
                    break
                inner = self._ask(f"/repos/{repository}/git/tags/{quote(str(named.get('sha', '')))}")
                named = inner.get("object", {}) if isinstance(inner, dict) else {}
            if isinstance(named, dict) and named.get("type") == "commit":
                return str(named.get("sha", ""))
        return ""

    def origin(self, repository: str, commit: str) -> Literal["own", "foreign", "missing"]:
        """Tell whether a commit lies on a branch or tag of the repository. Raises Unavailable where that cannot be decided."""
        _check(repository)
        tags = self._pages(f"/repos/{repository}/tags")
        if any(isinstance(tag, dict) and tag.get("commit", {}).get("sha") == commit for tag in tags):
            return "own"
        about = self._ask(f"/repos/{repository}")
        if not isinstance(about, dict):
            return "missing"
        if self._ask(f"/repos/{repository}/git/commits/{commit}") is None:
            return "missing"
        listed = self._pages(f"/repos/{repository}/branches")
        branches = [str(branch["name"]) for branch in listed if isinstance(branch, dict) and branch.get("name")]
        first = str(about.get("default_branch", ""))
        ordered = [first, *(name for name in branches if name != first)]
        for branch in ordered[:_BRANCHES]:
            compared = self._ask(f"/repos/{repository}/compare/{quote(branch, safe='')}...{commit}?per_page=1")
            if isinstance(compared, dict) and compared.get("status") in ("behind", "identical"):
                return "own"
        if len(ordered) > _BRANCHES:
            raise Unavailable(f"{repository} has {len(ordered)} branches; {commit[:12]} is on none of the first {_BRANCHES}")
        return "foreign"

    def _pages(self, path: str) -> list[Any]:
        found: list[Any] = []
        for page in range(1, _PAGES + 1):
            answer = self._ask(f"{path}?per_page=100&page={page}")
            found += answer if isinstance(answer, list) else []
            if not isinstance(answer, list) or len(answer) < 100:
                break
        return found

    def _ask(self, path: str) -> Any:
        """Return the JSON of an answer, None where the server says that there is no such thing."""
        if path not in self._answers:
            address = self._url + path
            try:
                self._answers[path] = decoded(self._client.get(address, _LIMIT), address)
            except Missing:
                self._answers[path] = None
        return self._answers[path]


def _check(repository: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise Unavailable("not a repository of GitHub", "write owner/name")
