# SPDX-License-Identifier: Apache-2.0
"""Pins asked of the forge, and other tools asked for their opinion: what the gate cannot tell from files alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from pipeline_guard.errors import Unavailable
from pipeline_guard.gate.actions_lock import normal
from pipeline_guard.gate.ci_facts import Use, WorkflowFacts
from pipeline_guard.gate.facts import Kind, PinFacts, SecondOpinion
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Git, RefLookup, SecondEye

_COMMIT = re.compile(r"[0-9a-f]{40}")
_VERSION = re.compile(r"v?\d+(?:\.\d+){0,2}(?:[-+.]\w[\w.+-]*)?")
_OFF = "pinned commits were not looked up: gate.network is off"
_ZIZMOR = "zizmor"


def excused(settings: GateSettings) -> tuple[str, ...]:
    """Return the checks that may stay unchecked because policy does not demand a network."""
    return () if settings.network == "require" else ("pin-unproven",)


def prove(
    workflows: Sequence[WorkflowFacts], settings: GateSettings, refs: Callable[[], RefLookup] | None
) -> Iterator[tuple[Kind, PinFacts | Unchecked]]:
    """Ask for every pinned commit whether it is the repository's own, and whether its comment names its tag."""
    pins = [(facts.path, use) for facts in workflows for use in facts.uses if _pinned(use)]
    if not pins:
        return
    if settings.network == "off" or refs is None:
        yield Kind.PIN, Unchecked(pins[0][0], _OFF)
        return
    known: dict[tuple[str, str, str], PinFacts | Unchecked] = {}
    try:
        lookup = refs()
    except Unavailable as error:
        yield Kind.PIN, Unchecked(pins[0][0], error.what)
        return
    for path, use in pins:
        repository, _, commit = normal(use.target).partition("@")
        version = use.comment.split(" ", maxsplit=1)[0]
        version = version if _VERSION.fullmatch(version) else ""
        key = (repository, commit, version)
        if key not in known:
            known[key] = _ask(path, use, key, lookup)
        item = known[key]
        if isinstance(item, PinFacts):
            item = PinFacts(path, use.line, use.target, version, item.state, item.why)
        yield Kind.PIN, item


def _pinned(use: Use) -> bool:
    return use.kind in ("action", "workflow") and bool(_COMMIT.fullmatch(normal(use.target).partition("@")[2]))


def _ask(path: str, use: Use, key: tuple[str, str, str], lookup: RefLookup) -> PinFacts | Unchecked:
    repository, commit, version = key
    try:
        tagged = lookup.commit(repository, version) if version else ""
        if tagged == commit:
            return PinFacts(path, use.line, use.target, version, "proven")
        origin = lookup.origin(repository, commit)
    except Unavailable as error:
        return Unchecked(path, f"{use.target}: {error.what}")
    if origin == "missing":
        return PinFacts(path, use.line, use.target, version, "missing", f"{repository} has no such commit")
    if origin == "foreign":
        why = f"the commit is on no branch or tag of {repository}: it comes from a fork"
        return PinFacts(path, use.line, use.target, version, "impostor", why)
    if tagged and version.count(".") == 2:  # v4 moves with each release; v4.1.2 must not
        return PinFacts(path, use.line, use.target, version, "moved", f"the tag {version} is at {tagged[:12]} now")
    return PinFacts(path, use.line, use.target, version, "proven")


def second_opinion(
    workflows: Sequence[WorkflowFacts], settings: GateSettings, second: Callable[[], SecondEye] | None, git: Callable[[], Git]
) -> Iterator[tuple[Kind, SecondOpinion | Unchecked]]:
    """Ask zizmor where policy wants it; that it is missing is never a failure of ours, and nothing of ours is left out for it."""
    if _ZIZMOR not in settings.second_opinions or second is None or not workflows:
        return
    looked = {facts.path for facts in workflows}
    try:
        findings = second().look(git().root())
    except Unavailable:
        return
    for path, line, rule, what, address in findings:
        if path in looked:
            yield Kind.SECOND, SecondOpinion(path, line, rule, what, f"see {address}")
