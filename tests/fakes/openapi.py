# SPDX-License-Identifier: Apache-2.0
"""A forge's API as its OpenAPI document tells it: is a request one that it takes, is an answer one that it gives."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from jsonschema import Draft202012Validator

PLACE = Path(__file__).parents[1] / "openapi"
_SAMPLES = {
    "date-time": "2026-01-02T03:04:05Z",
    "uri": "https://forge.example/thing",
    "uri-template": "https://forge.example/thing",
    "email": "a@forge.example",
}
_DEPTH = 30


class Api:
    """One document. Every disagreement is kept in ``violations``; a test that leaves one fails."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.violations: list[str] = []
        self._routes = [
            (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))), path, operations)
            for path, operations in document["paths"].items()
        ]

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """Return the document's path and the values of its parts; what is in no document is a violation."""
        for pattern, name, operations in self._routes:
            found = pattern.fullmatch(path)
            if found and method.lower() in operations:
                return name, {key: unquote(value) for key, value in found.groupdict().items()}
        self.violations.append(f"{method} {path}: no such operation")
        return "", {}

    def check_request(self, method: str, route: str, query: dict[str, str], body: Any) -> None:
        operation = self._operation(method, route)
        known = {each["name"]: each for each in map(self.resolved, operation.get("parameters", ())) if each["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                self.violations.append(f"{method} {route}: no parameter {name}")
            else:
                self._check(known[name]["schema"], _typed(value, self.resolved(known[name]["schema"])), f"{method} {route} ?{name}")
        wanted = self.resolved(operation.get("requestBody", {})).get("content", {}).get("application/json")
        if wanted:
            self._check(wanted["schema"], body, f"{method} {route} request")
        elif body is not None:
            self.violations.append(f"{method} {route}: takes no body")

    def check_response(self, method: str, route: str, status: int, body: Any) -> None:
        responses = self._operation(method, route)["responses"]
        if str(status) not in responses:
            self.violations.append(f"{method} {route}: answers no {status}")
            return
        content = self.resolved(responses[str(status)]).get("content", {}).get("application/json")
        if content:
            self._check(content["schema"], body, f"{method} {route} {status}")

    def example(self, method: str, route: str, status: int) -> Any:
        """Return the smallest answer that the document allows."""
        content = self.resolved(self._operation(method, route)["responses"][str(status)])["content"]["application/json"]
        return self.smallest(content["schema"])

    def smallest(self, schema: dict[str, Any], depth: int = 0) -> Any:
        schema = self.resolved(schema)
        if depth > _DEPTH:
            raise AssertionError("a schema without end")
        if "enum" in schema:
            return schema["enum"][0]
        for word in ("anyOf", "oneOf"):
            if word in schema:
                options = [self.resolved(each) for each in schema[word]]
                if {"type": "null"} in options and depth:
                    return None
                base = {key: value for key, value in schema.items() if key != word}
                found = self.smallest(options[0], depth + 1)
                return {**self.smallest(base, depth + 1), **found} if "properties" in base else found
        if "allOf" in schema:
            merged: dict[str, Any] = {}
            for each in schema["allOf"]:
                merged |= self.smallest(each, depth + 1)
            return merged
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if kind == "object":
            return {name: self.smallest(schema.get("properties", {}).get(name, {}), depth + 1) for name in schema.get("required", ())}
        if kind == "array":
            return [self.smallest(schema["items"], depth + 1) for _ in range(schema.get("minItems", 0))]
        if kind in ("integer", "number"):
            return schema.get("minimum", 1)
        if kind == "boolean":
            return False
        return _SAMPLES.get(schema.get("format", ""), "x" * max(schema.get("minLength", 1), 1))

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def _operation(self, method: str, route: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["paths"][route][method.lower()]
        return found

    def _check(self, schema: dict[str, Any], value: Any, where: str) -> None:
        whole = {**schema, "components": self.document.get("components", {})}
        for error in Draft202012Validator(whole).iter_errors(value):
            path = "/".join(str(part) for part in error.absolute_path)
            self.violations.append(f"{where} {path}: {error.message[:200]}")


def _typed(value: str, schema: dict[str, Any]) -> Any:
    if schema.get("type") in ("integer", "number"):
        return int(value) if value.isdigit() else value
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


@cache
def _github() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PLACE / "github.json").read_bytes())
    return found


@cache
def _gitlab() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PLACE / "gitlab.yml").read_bytes())
    return found


def github_api() -> Api:
    """GitHub's own document, as published; tests/openapi/extract.py takes it from there."""
    return Api(_github())


def gitlab_api() -> Api:
    """GitLab's API as its documentation tells it: tests/openapi/gitlab.yml, written by us."""
    return Api(_gitlab())
