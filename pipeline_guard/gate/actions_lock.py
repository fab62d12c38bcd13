# SPDX-License-Identifier: Apache-2.0
"""``actions.lock`` of GitHub Actions (gh-actions-lock, format v0.0.2 of July 2026) to facts; an unknown version is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_node import list_of
from pipeline_guard.model.document import Node, parse_yaml

VERSION = "v0.0.2"
_FIELDS = {"ref", "commit", "owner_id", "repo_id", "uses"}
_COMMIT = re.compile(r"sha1-[0-9a-f]{40}|sha256-[0-9a-f]{64}")
_PIN = re.compile(r"[^/@\s]+/[^/@\s]+@\S+")


@dataclass(frozen=True, slots=True)
class LockedAction:
    """One entry: the commit that a pin stands for, whose repository it is by number, and what it uses in turn."""

    line: int
    pin: str
    ref: str = ""
    commit: str = ""  # hexadecimal digits alone
    owner_id: int = 0
    repo_id: int = 0
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionsLock:
    """``workflows`` maps a path to its pins; a workflow that is not there is not enforced. Pins are as ``normal`` gives them."""

    path: str
    workflows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actions: Mapping[str, LockedAction] = field(default_factory=dict)
    workflow_lines: Mapping[str, int] = field(default_factory=dict)

    def commit(self, target: str) -> str:
        """Return the commit that a ``uses:`` stands for; "" where the lock does not know it."""
        found = self.actions.get(normal(target))
        return found.commit if found is not None else ""


def normal(target: str) -> str:
    """Return ``owner/repo@ref`` of a ``uses:``: sub-paths share their repository's pin, owner and name are lower-cased."""
    named, _, ref = target.partition("@")
    return "/".join(named.split("/")[:2]).lower() + ("@" + ref if ref else "")


def parse(content: bytes, path: str) -> ActionsLock:
    """Read the file; raise UsageError with its line for anything that an older or newer reader would not understand alike."""
    root = parse_yaml(content, path)
    version = root.get("version")
    if version is None or version.text != VERSION:
        said = version.text[:20] if version is not None else "none"
        line = version.line if version is not None else 1
        raise UsageError(
            f"{path}:{line}: version {said!r} of the lock is not known", f"this release reads {VERSION}; update pipeline-guard"
        )
    _known(root, {"version", "workflows", "dependencies"}, path)
    workflows, lines = {}, {}
    listed = root.get("workflows")
    for name, pins in listed.items() if listed is not None else ():
        if not isinstance(pins.value, (list, type(None))):
            raise UsageError(f"{path}:{pins.line}: the pins of a workflow are a list")
        workflows[name] = tuple(normal(pin) for pin in list_of(pins))
        lines[name] = (listed.key_lines or {}).get(name, pins.line) if listed is not None else pins.line
    actions = {}
    entries = root.get("dependencies")
    for pin, entry in entries.items() if entries is not None else ():
        line = ((entries.key_lines if entries is not None else None) or {}).get(pin, entry.line)
        actions[normal(pin)] = _entry(pin, entry, line, path)
    return ActionsLock(path, workflows, actions, lines)


def _entry(pin: str, node: Node, line: int, path: str) -> LockedAction:
    if not _PIN.fullmatch(pin):
        raise UsageError(f"{path}:{line}: not a pin: {pin[:60]!r}", "a pin is owner/repo@ref")
    if not isinstance(node.value, dict):
        raise UsageError(f"{path}:{line}: an entry is a mapping")
    _known(node, _FIELDS, path)
    commit = node.get("commit")
    if commit is None or not _COMMIT.fullmatch(commit.text):
        raise UsageError(
            f"{path}:{commit.line if commit else line}: no full commit for {pin[:60]}", "commit: 'sha1-' and 40 hexadecimal digits"
        )
    numbers = []
    for key in ("owner_id", "repo_id"):
        number = node.get(key)
        if number is None or not isinstance(number.value, int) or isinstance(number.value, bool) or number.value <= 0:
            raise UsageError(f"{path}:{number.line if number else line}: {key} of {pin[:60]} is not a number", "lock the actions anew")
        numbers.append(number.value)
    ref = node.get("ref")
    uses = tuple(normal(each) for each in list_of(node.get("uses")))
    return LockedAction(line, pin, ref.text if ref is not None else "", commit.text.partition("-")[2], numbers[0], numbers[1], uses)


def _known(node: Node, names: set[str], path: str) -> None:
    for key, child in node.items():
        if key not in names:
            line = (node.key_lines or {}).get(key, child.line)
            raise UsageError(f"{path}:{line}: unknown key {key[:40]!r} in the lock", f"this release reads {VERSION}; update pipeline-guard")
