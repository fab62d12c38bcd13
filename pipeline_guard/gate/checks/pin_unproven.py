# SPDX-License-Identifier: Apache-2.0
"""Pins that the forge does not confirm: commits of nobody knows whom, and tags that moved."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PinFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: PinFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every pin that the forge contradicts."""
    if facts.state != "proven":
        fix = {
            "impostor": "take the commit of a released tag: pipeline-guard gate --fix --network try",
            "missing": "look up the commit anew; that one does not exist",
            "moved": "find out why the tag moved before you follow it; then correct the comment",
        }[facts.state]
        yield Problem(Location(facts.path, facts.line), f"{facts.target}: {facts.why}", fix)


RULE = Rule(
    "pin-unproven",
    Kind.PIN,
    "",
    "a commit of a fork looks exactly like one of the repository, and a moved tag is how actions are taken over",
    check,
)
