# SPDX-License-Identifier: Apache-2.0
"""GitLab as a state machine: tokens with roles and scopes, tiers, threads that block, and a merge that is refused until all is green."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.forge_server import Refused
from tests.fakes.openapi import gitlab_api

P = "/projects/{id}"
M = f"{P}/merge_requests/{{iid}}"


@dataclass
class Member:
    """Who a token stands for."""

    number: int
    name: str
    may_write: bool = True


@dataclass
class GitLab:
    """One project. ``checks`` are the external status checks of Ultimate; None: a tier without them."""

    project: str = "5"
    path: str = "acme/app"
    prefix: str = "/api/v4"
    url: str = ""
    commits: set[str] = field(default_factory=set)
    heads: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Member] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    discussions: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] | None = None
    answers: dict[tuple[str, int], str] = field(default_factory=dict)  # (commit, check) -> status
    must_be_resolved: bool = True
    settings: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, int] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = gitlab_api()

    def answer(self, method: str, route: str, parts: dict[str, str], query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        who = self.tokens.get(token)
        if who is None:
            raise Refused(401, "401 Unauthorized")
        if route != "/user" and parts["id"] not in (self.project, self.path):
            raise Refused(404, "404 Project Not Found")
        if method != "GET" and not who.may_write:
            raise Refused(403, "403 Forbidden")
        if route in self.hidden:
            raise Refused(self.hidden[route], "hidden")
        if route in self.settings:
            return 200, self.settings[route]
        if "iid" in parts and parts["iid"] not in self.heads:
            raise Refused(404, "404 Not found")
        found: tuple[int, Any] = getattr(self, _NAMES[method, route])(parts, query, body, who)
        return found

    def user(self, _parts: Any, _query: Any, _body: Any, who: Member) -> tuple[int, Any]:
        return 200, {"id": who.number, "username": who.name}

    def change(self, parts: Any, _query: Any, _body: Any, _who: Member) -> tuple[int, Any]:
        return 200, {"id": 70, "iid": int(parts["iid"]), "sha": self.heads[parts["iid"]], "state": "opened"}

    def merge(self, parts: Any, query: Any, body: Any, who: Member) -> tuple[int, Any]:
        """Refuse while the newest status of a name is not green, a thread is open, or a status check has not passed this very commit."""
        head = self.heads[parts["iid"]]
        if body and body.get("sha", head) != head:
            raise Refused(409, "SHA does not match HEAD of source branch")
        newest = {each["name"]: each["status"] for each in self.statuses if each["sha"] == head}
        is_open = any(note["resolvable"] and not note["resolved"] for each in self.discussions for note in each["notes"])
        passed = all(self.answers.get((head, check["id"])) == "passed" for check in self.checks or [])
        if not newest or set(newest.values()) != {"success"} or (self.must_be_resolved and is_open) or not passed:
            raise Refused(405, "405 Method Not Allowed")
        self.merged.append(head)
        return self.change(parts, query, body, who)

    def list_statuses(self, parts: Any, query: Any, _body: Any, _who: Member) -> tuple[int, Any]:
        newest = {each["name"]: each for each in self.statuses if each["sha"] == parts["sha"]}
        return 200, [each for each in newest.values() if query.get("name") in (None, each["name"])]

    def add_status(self, parts: Any, _query: Any, body: Any, _who: Member) -> tuple[int, Any]:
        if parts["sha"] not in self.commits:
            raise Refused(404, "404 Commit Not Found")
        made = {
            "id": len(self.statuses) + 1,
            "sha": parts["sha"],
            "name": body.get("name", "default"),
            "status": body["state"],
            "description": body.get("description"),
            "target_url": body.get("target_url"),
        }
        self.statuses.append(made)
        return 201, made

    def list_discussions(self, _parts: Any, query: Any, _body: Any, _who: Member) -> tuple[int, Any]:
        size = int(query.get("per_page", 20))
        start = (int(query.get("page", 1)) - 1) * size
        return 200, self.discussions[start : start + size]

    def add_discussion(self, _parts: Any, _query: Any, body: Any, who: Member) -> tuple[int, Any]:
        made = self.thread(body["body"], who)
        return 201, made

    def thread(self, text: str, who: Member) -> dict[str, Any]:
        """Begin a thread."""
        author = {"id": who.number, "username": who.name}
        number = len(self.discussions) + 1
        note = {"id": number, "body": text, "author": author, "system": False, "resolvable": True, "resolved": False}
        self.discussions.append({"id": f"d{number}", "individual_note": False, "notes": [note]})
        return self.discussions[-1]

    def resolve(self, parts: Any, _query: Any, body: Any, _who: Member) -> tuple[int, Any]:
        found = self._discussion(parts)
        for note in found["notes"]:
            note["resolved"] = body["resolved"]
        return 200, found

    def rewrite(self, parts: Any, _query: Any, body: Any, who: Member) -> tuple[int, Any]:
        note = self._discussion(parts)["notes"][0]
        if note["author"]["id"] != who.number:
            raise Refused(403, "403 Forbidden")
        note["body"] = body["body"]
        return 200, note

    def _discussion(self, parts: Any) -> dict[str, Any]:
        return next(each for each in self.discussions if each["id"] == parts["discussion"])

    def list_checks(self, parts: Any, _query: Any, _body: Any, _who: Member) -> tuple[int, Any]:
        if self.checks is None:
            raise Refused(403, "403 Forbidden")
        head = self.heads[parts["iid"]]
        return 200, [
            {
                "id": each["id"],
                "name": each["name"],
                "external_url": "https://gate.example",
                "status": self.answers.get((head, each["id"]), "pending"),
            }
            for each in self.checks
        ]

    def answer_check(self, parts: Any, _query: Any, body: Any, _who: Member) -> tuple[int, Any]:
        if body["sha"] != self.heads[parts["iid"]]:
            raise Refused(409, "SHA does not match")
        self.answers[body["sha"], body["external_status_check_id"]] = body["status"]
        return 201, {"id": 1, "merge_request": {}, "external_status_check": {}}


_NAMES = {
    ("GET", "/user"): "user",
    ("GET", M): "change",
    ("PUT", f"{M}/merge"): "merge",
    ("GET", f"{P}/repository/commits/{{sha}}/statuses"): "list_statuses",
    ("POST", f"{P}/statuses/{{sha}}"): "add_status",
    ("GET", f"{M}/discussions"): "list_discussions",
    ("POST", f"{M}/discussions"): "add_discussion",
    ("PUT", f"{M}/discussions/{{discussion}}"): "resolve",
    ("PUT", f"{M}/discussions/{{discussion}}/notes/{{note}}"): "rewrite",
    ("GET", f"{M}/status_checks"): "list_checks",
    ("POST", f"{M}/status_check_responses"): "answer_check",
}
