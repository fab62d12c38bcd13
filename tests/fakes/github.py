# SPDX-License-Identifier: Apache-2.0
"""GitHub as a state machine: tokens with permissions, pull requests, checks, and a merge that is refused until they are green."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.forge_server import Refused
from tests.fakes.openapi import github_api

R = "/repos/{owner}/{repo}"
ACTIONS_APP = 15368


@dataclass
class Identity:
    """Who a token stands for."""

    login: str
    permissions: set[str]
    app: int = 0  # 0: a person


@dataclass
class GitHub:
    """One repository. ``required`` are (check, App's number or None for any source)."""

    name: str = "acme/app"
    prefix: str = ""
    url: str = ""
    commits: set[str] = field(default_factory=set)
    pulls: dict[int, dict[str, str]] = field(default_factory=dict)  # head, base
    tokens: dict[str, Identity] = field(default_factory=dict)
    required: list[tuple[str, int | None]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    sarifs: list[dict[str, Any]] = field(default_factory=list)
    has_code_scanning: bool = True
    settings: dict[str, Any] = field(default_factory=dict)  # answers of the settings' questions, by route
    hidden: dict[str, int] = field(default_factory=dict)  # refusals by route
    merged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = github_api()

    def answer(self, method: str, route: str, parts: dict[str, str], query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        who = self.tokens.get(token)
        if who is None:
            raise Refused(401, "Bad credentials")
        if route != "/user" and f"{parts['owner']}/{parts['repo']}" != self.name:
            raise Refused(404, "Not Found")
        if route in self.hidden:
            raise Refused(self.hidden[route], "Not Found")
        if route in self.settings:
            return 200, self.settings[route]
        found: tuple[int, Any] = getattr(self, _NAMES[method, route])(parts, query, body, who)
        return found

    def _needs(self, who: Identity, permission: str) -> None:
        if permission not in who.permissions:
            raise Refused(403, "Resource not accessible by integration")

    def _known(self, sha: str) -> None:
        if sha not in self.commits:
            raise Refused(422, f"No commit found for SHA: {sha}")

    def user(self, _parts: Any, _query: Any, _body: Any, who: Identity) -> tuple[int, Any]:
        if who.app:
            raise Refused(403, "Resource not accessible by integration")
        return 200, self._example("get", "/user", 200) | {"login": who.login}

    def pull(self, parts: Any, _query: Any, _body: Any, _who: Identity) -> tuple[int, Any]:
        number = int(parts["pull_number"])
        if number not in self.pulls:
            raise Refused(404, "Not Found")
        found = self._example("get", f"{R}/pulls/{{pull_number}}", 200)
        found |= {"number": number, "url": f"{self.url}/repos/{self.name}/pulls/{number}"}
        found["issue_url"] = f"{self.url}/repos/{self.name}/issues/{number}"
        found["head"]["sha"], found["base"]["sha"] = self.pulls[number]["head"], self.pulls[number]["base"]
        return 200, found

    def merge(self, parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        """Refuse until every required check of the head is green and comes from whom it must come from."""
        self._needs(who, "contents")
        head = self.pulls[int(parts["pull_number"])]["head"]
        if body and body.get("sha", head) != head:
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        for context, app in self.required:
            if not self._is_green(head, context, app):
                raise Refused(405, f'Required status check "{context}" is expected.')
        self.merged.append(head)
        return 200, {"sha": head, "merged": True, "message": "Pull Request successfully merged"}

    def _is_green(self, head: str, context: str, app: int | None) -> bool:
        states = [each for each in self.statuses if (each["sha"], each["context"]) == (head, context)]
        runs = [each for each in self.runs if (each["head_sha"], each["name"]) == (head, context)]
        # a check that is bound to an App counts only from it; and where a status and a run share a name, both must be green
        found = [each["state"] == "success" for each in states[-1:] if app is None or each["app"] == app]
        found += [each["conclusion"] == "success" for each in runs[-1:] if app is None or each["app"]["id"] == app]
        return bool(found) and all(found)

    def combined(self, parts: Any, query: Any, _body: Any, _who: Identity) -> tuple[int, Any]:
        newest = {each["context"]: each for each in self.statuses if each["sha"] == parts["ref"]}
        found = [self._status(each) for each in newest.values()][: int(query.get("per_page", 30))]
        return 200, self._example("get", f"{R}/commits/{{ref}}/status", 200) | {"statuses": found, "sha": parts["ref"]}

    def add_status(self, parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        self._needs(who, "statuses")
        self._known(parts["sha"])
        made = {"id": len(self.statuses) + 1, "sha": parts["sha"], "app": who.app, **body}
        self.statuses.append(made)
        return 201, self._status(made)

    def _status(self, made: dict[str, Any]) -> dict[str, Any]:
        shown = {key: value for key, value in made.items() if key not in ("sha", "app")}
        return self._example("post", f"{R}/statuses/{{sha}}", 201) | {"target_url": "", "description": "", **shown}

    def list_runs(self, parts: Any, query: Any, _body: Any, _who: Identity) -> tuple[int, Any]:
        found = [each for each in self.runs if each["head_sha"] == parts["ref"] and each["name"] == query.get("check_name", each["name"])]
        return 200, {"total_count": len(found[-1:]), "check_runs": found[-1:]}

    def add_run(self, _parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        if not who.app:
            raise Refused(403, "You must authenticate via a GitHub App.")
        self._needs(who, "checks")
        self._known(body["head_sha"])
        made = self._example("post", f"{R}/check-runs", 201) | {
            "id": len(self.runs) + 1,
            "url": f"{self.url}/repos/{self.name}/check-runs/{len(self.runs) + 1}",
            **{key: body[key] for key in ("name", "head_sha", "external_id", "status") if key in body},
            "conclusion": body.get("conclusion"),
            "check_suite": {"id": 1},  # NOTE: it may be null by the document, and PyGithub 2.10 trips over that
            "app": self._app(who.app),
        }
        made["output"] |= {"title": body["output"]["title"], "summary": body["output"]["summary"], "annotations_count": 0}
        self.notes(made).extend(body["output"].get("annotations", []))
        made["output"]["annotations_count"] = len(self.notes(made))
        self.runs.append(made)
        return 201, made

    def change_run(self, parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        self._needs(who, "checks")
        made = self.runs[int(parts["check_run_id"]) - 1]
        made |= {key: body[key] for key in ("status", "conclusion") if key in body}
        self.notes(made).extend(body.get("output", {}).get("annotations", []))
        made["output"]["annotations_count"] = len(self.notes(made))
        return 200, made

    def notes(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the annotations of a run; those of further requests are appended."""
        return self._notes.setdefault(run["id"], [])

    _notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def _app(self, number: int) -> dict[str, Any]:
        return self.api.smallest({"$ref": "#/components/schemas/integration"}) | {"id": number, "slug": f"app-{number}"}

    def list_comments(self, parts: Any, query: Any, _body: Any, _who: Identity) -> tuple[int, Any]:
        found = [each for each in self.comments if each["issue"] == parts["issue_number"]]
        start, size = (int(query.get("page", 1)) - 1) * int(query.get("per_page", 30)), int(query.get("per_page", 30))
        return 200, [self._comment(each) for each in found[start : start + size]]

    def add_comment(self, parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        self._needs(who, "pull-requests")
        if len(body["body"]) > 65_536:
            raise Refused(422, "Validation Failed")
        made = {"id": len(self.comments) + 1, "issue": parts["issue_number"], "body": body["body"], "who": who}
        self.comments.append(made)
        return 201, self._comment(made)

    def change_comment(self, parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        self._needs(who, "pull-requests")
        made = self.comments[int(parts["comment_id"]) - 1]
        made["body"] = body["body"]
        return 200, self._comment(made)

    def _comment(self, made: dict[str, Any]) -> dict[str, Any]:
        found = self._example("post", f"{R}/issues/{{issue_number}}/comments", 201)
        user = self.api.smallest({"$ref": "#/components/schemas/simple-user"})
        user |= {"login": made["who"].login, "type": "Bot" if made["who"].app else "User"}
        address = f"{self.url}/repos/{self.name}/issues/comments/{made['id']}"
        return found | {"id": made["id"], "url": address, "body": made["body"], "user": user}

    def upload(self, _parts: Any, _query: Any, body: Any, who: Identity) -> tuple[int, Any]:
        self._needs(who, "security-events")
        if not self.has_code_scanning:
            raise Refused(403, "Advanced Security must be enabled for this repository to use code scanning.")
        self._known(body["commit_sha"])
        self.sarifs.append(body | {"content": gzip.decompress(base64.b64decode(body["sarif"]))})
        return 202, {"id": "47177e22", "url": f"{self.url}/x"}

    def _example(self, method: str, route: str, status: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.example(method, route, status)
        return found


_NAMES = {
    ("GET", "/user"): "user",
    ("GET", f"{R}/pulls/{{pull_number}}"): "pull",
    ("PUT", f"{R}/pulls/{{pull_number}}/merge"): "merge",
    ("GET", f"{R}/commits/{{ref}}/status"): "combined",
    ("POST", f"{R}/statuses/{{sha}}"): "add_status",
    ("GET", f"{R}/commits/{{ref}}/check-runs"): "list_runs",
    ("POST", f"{R}/check-runs"): "add_run",
    ("PATCH", f"{R}/check-runs/{{check_run_id}}"): "change_run",
    ("GET", f"{R}/issues/{{issue_number}}/comments"): "list_comments",
    ("POST", f"{R}/issues/{{issue_number}}/comments"): "add_comment",
    ("PATCH", f"{R}/issues/comments/{{comment_id}}"): "change_comment",
    ("POST", f"{R}/code-scanning/sarifs"): "upload",
}
