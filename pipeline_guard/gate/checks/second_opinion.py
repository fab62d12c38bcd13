# SPDX-License-Identifier: Apache-2.0
"""What another tool finds in the workflows: zizmor, where it is asked for and installed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, SecondOpinion
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: SecondOpinion, _settings: GateSettings) -> Iterator[Problem]:
    """Give each of its findings."""
    yield Problem(Location(facts.path, facts.line), f"{facts.what} ({facts.why})", facts.fix)


RULE = Rule(
    "second-opinion",
    Kind.SECOND,
    "by zizmor",
    "another tool sees a weakness here; its own documentation explains it",
    check,
)
