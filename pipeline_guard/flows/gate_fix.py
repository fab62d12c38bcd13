# SPDX-License-Identifier: Apache-2.0
"""Pinning what the workflows of a tree use, where the commit can be proven; everything else stays and is told."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline_guard.errors import GuardError, Unavailable, UsageError
from pipeline_guard.gate import actions_lock
from pipeline_guard.gate.actions_lock import ActionsLock
from pipeline_guard.gate.checks import image_unpinned, include_unpinned
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import keep, look
from pipeline_guard.gate.related import LOCKS, PipelineFiles, related
from pipeline_guard.gate.repair import pin_actions, pin_hooks
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.repair import Proof, Repair
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Files, Git, RefLookup, Source

_OFFLINE = "nothing here proves a commit for it: lock it in actions.lock, or allow --network try"


@dataclass(frozen=True, slots=True)
class FixDoors:
    """What pinning asks of the world. ``own`` is this repository's path on the forge, "" where nobody knows."""

    source: Callable[[Selection], Source]
    git: Callable[[], Git]
    files: Files
    commit: Callable[[str], str]
    own: str = ""
    refs: Callable[[], RefLookup] | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was pinned and what was left, and the difference it makes."""

    repairs: tuple[Repair, ...]
    difference: str
    files: int


def fix(settings: GateSettings, *, write: bool, doors: FixDoors) -> Fixed:
    """Pin actions, reusable workflows and hooks in every file of the tree; with ``write`` in place, else only as a difference."""
    pipelines, contents = PipelineFiles(), dict[str, bytes]()
    for entry in doors.source(Selection(Scope.TREE, exclude=settings.exclude)).entries():
        if not isinstance(entry, Unchecked) and entry.mode != "120000":
            keep(entry.path, entry.data, pipelines)
            if posixpath.basename(entry.path) == ".pre-commit-config.yaml" or entry.path.lower().endswith(".gitlab-ci.yml"):
                contents[entry.path] = entry.data
    prover = _Prover(_lock(pipelines), settings, doors)
    repairs: list[Repair] = []
    difference, changed = "", 0
    for path, content in sorted((pipelines.workflows | pipelines.actions | contents).items()):
        try:
            edited, done = _one(path, content, pipelines, prover)
        except UsageError as error:
            edited, done = content, [Repair(path, 0, path, why=error.what)]
        repairs += done
        if edited != content:
            changed += 1
            difference += _difference(path, content, edited)
            if write:
                doors.files.write(posixpath.join(doors.git().root(), path), edited)
    repairs += _left(pipelines, contents)
    return Fixed(tuple(repairs), difference, changed)


def _one(path: str, content: bytes, pipelines: PipelineFiles, prover: _Prover) -> tuple[bytes, list[Repair]]:
    if path in pipelines.workflows:
        return pin_actions(content, path, prover.prove)
    if path in pipelines.actions:
        return pin_actions(content, path, prover.prove, is_action=True) if b"runs" in content else (content, [])
    if posixpath.basename(path) == ".pre-commit-config.yaml":
        return pin_hooks(content, path, prover.prove)
    return content, []


class _Prover:
    """Asks, in this order: the lock of the workflow, this repository's own objects, the forge."""

    def __init__(self, lock: ActionsLock | None, settings: GateSettings, doors: FixDoors) -> None:
        self._lock, self._settings, self._doors = lock, settings, doors
        self._refs: RefLookup | None = None

    def prove(self, path: str, repository: str, ref: str) -> Proof | str:
        """Return the commit of a ref and who vouches for it, or why nobody does."""
        pin = f"{repository}@{ref}"
        if self._lock is not None and pin in self._lock.workflows.get(path, ()) and self._lock.commit(pin):
            return Proof(self._lock.commit(pin), "actions.lock")
        if self._doors.own and repository == self._doors.own.lower():
            try:
                return Proof(self._doors.commit(f"refs/tags/{ref}"), "this repository")
            except GuardError:
                return f"this repository has no tag {ref}"
        if self._doors.refs is None or self._settings.network == "off":
            return _OFFLINE
        try:
            self._refs = self._refs or self._doors.refs()
            commit = self._refs.commit(repository, ref)
            if not commit:
                return f"{repository} has no tag or branch {ref}"
            if self._refs.origin(repository, commit) != "own":
                return f"{ref} leads to a commit that is on no branch or tag of {repository}"
        except Unavailable as error:
            return error.what
        return Proof(commit, "the forge")


def _lock(pipelines: PipelineFiles) -> ActionsLock | None:
    for name in LOCKS:
        if name in pipelines.locks:
            return actions_lock.parse(pipelines.locks[name], name)
    return None


def _left(pipelines: PipelineFiles, contents: dict[str, bytes]) -> Iterator[Repair]:
    """Give what is not pinned by machine: images and includes, each with the edit to make."""
    listed = [(kind, item) for path, content in {**pipelines.workflows, **contents}.items() for kind, item in look(path, content)]
    for kind, item in related([(kind, item) for kind, item in listed if not isinstance(item, Unchecked)], pipelines, frozenset()):
        checks = {Kind.IMAGE: image_unpinned, Kind.GITLAB: include_unpinned}
        if kind in checks and not isinstance(item, Unchecked):
            for problem in checks[kind].RULE.check(item, GateSettings()):
                yield Repair(problem.location.path, problem.location.line, problem.what, why=problem.fix)


def _difference(path: str, before: bytes, after: bytes) -> str:
    old, new = (each.decode("utf-8", "replace").splitlines(keepends=True) for each in (before, after))
    return "".join(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"))
