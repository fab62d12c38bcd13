# SPDX-License-Identifier: Apache-2.0
"""Shells as data: actions, GitLab templates, workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline_guard.model.document import parse_yaml_documents

ROOT = Path(__file__).parents[2]
VERBS = ("scan", "gate", "sign", "verify", "inject")
ACTIONS = [ROOT / "action.yml", *sorted((ROOT / "actions").glob("*/action.yml"))]
TEMPLATES = sorted((ROOT / "gitlab-templates").glob("*.yml"))
WRAPPERS = sorted((ROOT / "templates").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def documents(path: Path) -> list[Any]:
    """Read a YAML file with our own strict reader: keys as written, no duplicates."""
    return [node.plain() for node in parse_yaml_documents(path.read_bytes(), path.name)]


def action(verb: str) -> Any:
    """Read one action."""
    (found,) = documents(ROOT / "actions" / verb / "action.yml")
    return found


def template(verb: str, folder: str = "gitlab-templates") -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a template as its inputs and its body."""
    head, body = documents(ROOT / folder / f"{verb}.yml")
    return head["spec"]["inputs"], body


def job(verb: str) -> dict[str, Any]:
    """Return the one job of a template."""
    (found,) = template(verb)[1].values()
    return dict(found)


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """Give every step of an action or workflow."""
    (found,) = documents(path)
    if "runs" in found:
        yield from found["runs"].get("steps", [])
    for each in found.get("jobs", {}).values():
        yield from each.get("steps", [])
