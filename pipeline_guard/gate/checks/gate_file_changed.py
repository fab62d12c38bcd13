# SPDX-License-Identifier: Apache-2.0
"""Changes to what the gate itself rests on: shown to the reviewer, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import ChangeFacts, Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: ChangeFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every such file."""
    yield Problem(Location(facts.path), facts.path, "")


RULE = Rule(
    "gate-file-changed",
    Kind.CHANGE,
    "changed here",
    "these files decide what is checked; this verdict used the merge target's policy",
    check,
    informs=True,
)
