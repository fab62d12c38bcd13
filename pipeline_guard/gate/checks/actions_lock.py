# SPDX-License-Identifier: Apache-2.0
"""An ``actions.lock`` that does not say what the workflows beside it do."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.actions_lock import ActionsLock, LockedAction, normal
from pipeline_guard.gate.facts import Kind, LockFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FIX = "lock the actions anew (gh actions-lock), and review the difference"


def check(facts: LockFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every difference between the lock, the workflows that it names, and itself."""
    lock = facts.lock
    used = dict(facts.used)
    reached: set[str] = set()
    for path, pins in lock.workflows.items():
        line = lock.workflow_lines.get(path, 0)
        if path not in facts.workflows:
            yield Problem(Location(lock.path, line), f"stale-workflow {path}", f"remove it, or {_FIX}")
            continue
        yield from _workflow(lock, path, line, pins, used)
        reached |= _closure(lock, pins)
    for pin, action in lock.actions.items():
        if pin not in reached:
            yield Problem(Location(lock.path, action.line), f"stale {action.pin}", _FIX)
        for inner in action.uses:
            if inner not in lock.actions:
                yield Problem(Location(lock.path, action.line), f"{action.pin}: not locked: {inner}", _FIX)
        if _looks_like_another(action):
            yield Problem(Location(lock.path, action.line), f"misleading-sha {action.pin}", "use the commit itself as the ref")
    yield from _identities(lock)


def _workflow(
    lock: ActionsLock, path: str, line: int, pins: tuple[str, ...], used: dict[str, tuple[tuple[int, str], ...]]
) -> Iterator[Problem]:
    named = set()
    for place, target in used.get(path, ()):
        if target.startswith("$/") and "@" in target:
            yield Problem(Location(path, place), f"invalid-self-repository-ref {target}", "a $/ path takes no @ref")
        elif target.startswith("./"):
            yield Problem(Location(path, place), f"local-action {target}", "write $/ in place of ./")
        elif not target.startswith(("$/", "docker://", "../")):
            pin = normal(target)
            named.add(pin)
            if pin not in pins:
                yield Problem(Location(path, place), f"not-pinned {target}", _FIX)
    for pin in pins:
        if pin not in lock.actions:
            yield Problem(Location(lock.path, line), f"{path}: no entry for {pin}", _FIX)
    for pin in sorted(set(pins) - named):
        yield Problem(Location(lock.path, line), f"ref-changed {path}: {pin} is used no more", _FIX)


def _closure(lock: ActionsLock, pins: tuple[str, ...]) -> set[str]:
    reached: set[str] = set()
    waiting = list(pins)
    while waiting:
        pin = waiting.pop()
        if pin not in reached:
            reached.add(pin)
            waiting += lock.actions[pin].uses if pin in lock.actions else ()
    return reached


def _looks_like_another(action: LockedAction) -> bool:
    """Tell whether a ref reads as a commit other than the locked one: a branch or tag can be called so."""
    ref = action.pin.rpartition("@")[2]
    return len(ref) in (40, 64) and all(letter in "0123456789abcdefABCDEF" for letter in ref) and ref.lower() != action.commit


def _identities(lock: ActionsLock) -> Iterator[Problem]:
    known: dict[str, tuple[int, int]] = {}
    owners: dict[str, int] = {}
    for pin, action in lock.actions.items():
        repository = pin.partition("@")[0]
        numbers = (action.owner_id, action.repo_id)
        owner = repository.partition("/")[0]
        if known.setdefault(repository, numbers) != numbers or owners.setdefault(owner, action.owner_id) != action.owner_id:
            yield Problem(Location(lock.path, action.line), f"{action.pin}: other numbers than elsewhere in the lock", _FIX)
        ref = pin.partition("@")[2]
        if action.ref and action.ref.lower() not in (ref, f"refs/tags/{ref}", f"refs/heads/{ref}"):
            yield Problem(Location(lock.path, action.line), f"{action.pin}: its ref says {action.ref}"[:100], _FIX)


RULE = Rule(
    "actions-lock",
    Kind.ACTIONS_LOCK,
    "in actions.lock",
    "the runner enforces this file, so what it leaves open or gets wrong runs unpinned, or not at all",
    check,
)
