# SPDX-License-Identifier: Apache-2.0
"""Which ``uses:`` and ``include:`` name something of this project, and which file of this version it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_guard.ports import Shells

_REMOTE = re.compile(r"[^/@\s]+/pipeline-guard[^/@\s]*(?P<path>(?:/[^@\s]*)?)@\S+")
_LOCAL = re.compile(r"(?:\./|\$/)(?P<path>[^@\s]*)")
_RAW = re.compile(r"https://\S+/pipeline-guard[^/\s]*/(?:-/raw/[^/\s]+|[^/\s]+)/(?P<path>(?:gitlab-)?templates/[\w.-]+)(?:\?\S*)?")
_COMPONENT = re.compile(r"\S*/pipeline-guard[^/@\s]*/(?P<name>[a-z-]+)@(?P<version>\S+)")


@dataclass(frozen=True, slots=True)
class Source:
    """An action of this project: its folder ("" for the root), its metadata, and why it cannot be rehearsed ("" where it can)."""

    folder: str
    content: bytes
    why_not: str = ""

    @property
    def verb(self) -> str:
        """What it does."""
        return self.folder.rpartition("/")[2]


def action_source(uses: str, shells: Shells, read: Callable[[str], bytes | None]) -> Source | None:
    """Return the action of ours that a step names; None for everybody else's.

    An action in the repository itself counts where it is this version's to the byte: nothing else is ever started.
    """
    remote, local = _REMOTE.fullmatch(uses), _LOCAL.fullmatch(uses)
    found = remote or local
    if found is None:
        return None
    folder = found["path"].strip("/")
    known = shells.read(f"{folder}/action.yml" if folder else "action.yml")
    if remote:
        why = "" if known is not None else f"this version has no action {folder or 'at its root'}"
        return Source(folder, known or b"", why)
    if known is None:
        return None
    content = read(f"{folder}/action.yml")
    if content is None:
        return Source(folder, known, f"{uses}: the repository has no such action")
    return Source(folder, known, "" if content == known else f"{uses}: this is not the action of this version, and no other is started")


def local_action(uses: str, read: Callable[[str], bytes | None]) -> tuple[str, bytes] | None:
    """Return the path and content of the repository's own action that a step names; None for others'."""
    found = _LOCAL.fullmatch(uses)
    folder = found["path"].strip("/") if found else ""
    for name in ("action.yml", "action.yaml") if found else ():
        path = f"{folder}/{name}" if folder else name
        content = read(path)
        if content is not None:
            return path, content
    return None


def template_path(kind: str, target: str, file: str, shells: Shells) -> str:
    """Return the path of the template of ours that an include names, "" for everybody else's."""
    if kind == "component":
        found = _COMPONENT.fullmatch(target)
        for path in (f"templates/{found['name']}.yml", f"templates/{found['name']}/template.yml") if found else ():
            if shells.read(path) is not None:
                return path
        return ""
    if kind == "remote":
        raw = _RAW.fullmatch(target)
        return raw["path"] if raw and shells.read(raw["path"]) is not None else ""
    if kind == "project" and "pipeline-guard" in target.rpartition("/")[2]:
        path = file.lstrip("/")
        return path if shells.read(path) is not None else ""
    return ""


def component_version(target: str) -> str:
    """Return what stands behind the @ of a component."""
    return target.rpartition("@")[2]
