# SPDX-License-Identifier: Apache-2.0
"""Manifests that a change makes take a package from elsewhere: replaced, patched, overridden, or asked from another place than before."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.redirects import RedirectChange
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: RedirectChange, _settings: GateSettings) -> Iterator[Problem]:
    """Give every place that is new for a name which was there, and every new override; a new package may be asked for anywhere."""
    for one in facts.after:
        if not one.place or (one.name, one.place) in facts.trusted:
            continue
        if one.mechanism == "override" or one.name in facts.known:
            fix = f"git checkout BASE -- {facts.path}; where the other source is meant, waive the check for this file with a reason"
            yield Problem(Location(facts.path, max(one.line, 1)), f"{one.name[:80]} from {one.place[:160]}", fix)


RULE = Rule(
    "source-redirected",
    Kind.REDIRECT,
    "now",
    "the name stays what reviewers know, and what is installed under it is somebody else's",
    check,
)
