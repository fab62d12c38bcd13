# SPDX-License-Identifier: Apache-2.0
"""Actions, reusable workflows and Docker actions that are not named by what cannot move."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import Use, WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import action_of
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_COMMIT = re.compile(r".+@([0-9a-f]{40}|[0-9a-f]{64})", re.DOTALL)
_SHORT = re.compile(r"[0-9a-fA-F]{7,64}")
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"docker://.+@sha256:[0-9a-f]{64}", re.DOTALL)


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ``uses:`` without a full commit or, for an image, without a digest.

    Local paths are this repository, or what an earlier step of the job has checked out there; what ``actions.lock`` fixes for this
    workflow is pinned.
    """
    yield from _from_elsewhere(facts)
    for use in facts.uses:
        if use.kind == "local" or use.target.lower() in facts.locked:
            continue
        pinned = _DIGEST if use.kind == "image" else _COMMIT
        if not pinned.fullmatch(use.target):
            yield Problem(Location(facts.path, use.line), use.target, _fix(use))


def _from_elsewhere(facts: WorkflowFacts) -> Iterator[Problem]:
    """Give every action on a path where another repository lies that no full commit fixes."""
    foreign: dict[str, dict[str, str]] = {}
    for step in facts.steps:
        places = foreign.setdefault(step.job, {})
        if action_of(step) == "actions/checkout":
            repository, ref = step.inputs.get("repository", ""), step.inputs.get("ref", "")
            place = posixpath.normpath(step.inputs.get("path", "") or ".")
            if repository and "github.repository" not in repository and "github." not in ref and not _FULL.fullmatch(ref):
                places[place] = f"{repository}@{ref or 'its default branch'}"
            else:
                places.pop(place, None)
        elif step.uses.startswith("./"):
            path = posixpath.normpath(step.uses)
            source = next((source for place, source in places.items() if place == "." or path == place or path.startswith(f"{place}/")), "")
            if source:
                fix = "write ref: FULL_COMMIT under with: of the checkout"
                yield Problem(Location(facts.path, step.lines.get("uses", step.line)), f"{step.uses} out of {source}", fix)


def _fix(use: Use) -> str:
    if use.kind == "image":
        image = use.target.removeprefix("docker://").partition("@")[0]
        return f"write docker://{image}@sha256:DIGEST (docker buildx imagetools inspect {image} shows it)"
    named, _, ref = use.target.rpartition("@")
    if named and _SHORT.fullmatch(ref):
        return f"write all 40 digits: whoever can push a tag or branch called {ref} to that repository takes this over"
    repository = "/".join((named or ref).split("/")[:2])
    if not named:
        return f"write uses: {ref}@FULL_COMMIT (git ls-remote https://github.com/{repository} shows the commits)"
    return f"write uses: {named}@FULL_COMMIT # {ref} (git ls-remote https://github.com/{repository} '{ref}^{{}}' '{ref}' shows it)"


RULE = Rule(
    "action-unpinned",
    Kind.WORKFLOW,
    "not pinned to a full commit or digest",
    "whoever can move the tag or branch runs code in this pipeline, with its secrets",
    check,
)
