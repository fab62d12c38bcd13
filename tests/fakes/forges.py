# SPDX-License-Identifier: Apache-2.0
"""GitHub and GitLab as far as they make and revoke tokens, over real HTTP, strict about what the documents say of requests.

Sources: GitHub REST API "Apps"; GitLab API "Project access tokens".
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt

from tests.fakes.service import Answer


class FakeGithub:
    """One App, one installation on two repositories of an organisation."""

    def __init__(self, app: str, public_pem: str) -> None:
        self.app, self.public_pem = app, public_pem
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.broken: tuple[int, bytes] | None = None
        self.repositories = {"tool": 101, "site": 102}
        self.permissions = {"contents": "write", "checks": "write", "metadata": "read"}
        self.alive: dict[str, dict[str, Any]] = {}
        self.widen: dict[str, Any] = {}  # what it answers otherwise than asked

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        assert headers["Accept"] == "application/vnd.github+json"
        assert headers["X-GitHub-Api-Version"] == "2022-11-28"
        bearer = headers["Authorization"].removeprefix("Bearer ")
        if (method, path) == ("DELETE", "/installation/token"):
            if self.alive.pop(bearer, None) is None:
                raise Answer(401, {"message": "Bad credentials"})
            raise Answer(204, None)
        found = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
        if method != "POST" or not found:
            raise Answer(404, {"message": "Not Found"})
        self._check_app(bearer)
        if found[1] != "77":
            raise Answer(404, {"message": "Not Found"})
        return self._make(body)

    def _check_app(self, bearer: str) -> None:
        try:
            claims = jwt.decode(bearer, self.public_pem, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]})
        except jwt.PyJWTError:
            raise Answer(401, {"message": "A JSON web token could not be decoded"}) from None
        if claims["exp"] - claims["iat"] > 600 or claims["iss"] != self.app:
            raise Answer(401, {"message": "'Expiration time' claim ('exp') is too far in the future"})

    def _make(self, body: Any) -> Any:
        levels = ["", "read", "write", "admin"]
        for name, level in body["permissions"].items():
            if levels.index(level) > levels.index(self.permissions.get(name, "")):
                raise Answer(422, {"message": "The permissions requested are not granted to this installation."})
        if not set(body["repositories"]) <= set(self.repositories):
            raise Answer(422, {"message": "There is at least one repository that does not exist or is not accessible"})
        token = "ghs_" + secrets.token_hex(18)
        self.alive[token] = body
        expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        repositories = [{"id": self.repositories[name], "name": name, "full_name": f"o/{name}"} for name in body["repositories"]]
        made = {
            "token": token,
            "expires_at": expires,
            "permissions": {"metadata": "read", **body["permissions"]},
            "repository_selection": "selected",
            "repositories": repositories,
        }
        raise Answer(201, {**made, **self.widen})


class FakeGitlab:
    """One project whose maintainer's token makes others."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.broken: tuple[int, bytes] | None = None
        self.maker = "glpat-" + secrets.token_hex(10)
        self.tokens: dict[int, dict[str, Any]] = {}

    def answer(self, method: str, path: str, options: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
        if headers.get("PRIVATE-TOKEN") != self.maker:
            raise Answer(401, {"message": "401 Unauthorized"})
        found = re.fullmatch(r"/api/v4/projects/42/access_tokens(?:/(\d+))?", path)
        if not found:
            raise Answer(404, {"message": "404 Project Not Found"})
        if method == "GET":
            assert options["state"] == "active"
            return [each for each in self.tokens.values() if options["search"] in each["name"] and not each["revoked"]]
        if method == "DELETE":
            token = self.tokens.get(int(found[1]))
            if token is None or token["revoked"]:
                raise Answer(404, {"message": "404 Token Not Found"})
            token["revoked"], token["active"] = True, False
            raise Answer(204, None)
        return self._make(body)

    def _make(self, body: Any) -> Any:
        if not {"name", "scopes", "expires_at"} <= body.keys() or body["access_level"] not in (10, 20, 30, 40):
            raise Answer(400, {"message": "400 Bad request"})
        if not datetime.now(UTC).date() < date.fromisoformat(body["expires_at"]) <= datetime.now(UTC).date() + timedelta(days=365):
            raise Answer(400, {"message": "400 Bad request - Expiration date must be in the future"})
        number = len(self.tokens) + 1
        known = {"id": number, "user_id": 1000 + number, "active": True, "revoked": False, "created_at": datetime.now(UTC).isoformat()}
        self.tokens[number] = {**body, **known}
        raise Answer(201, {**self.tokens[number], "token": "glpat-" + secrets.token_hex(10)})
