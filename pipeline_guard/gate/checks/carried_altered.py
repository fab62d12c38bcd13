# SPDX-License-Identifier: Apache-2.0
"""Vendored code that a change edits in place."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.carried import Altered
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: Altered, _settings: GateSettings) -> Iterator[Problem]:
    """Give the file."""
    fix = f"git checkout BASE -- {facts.path}, and vendor again with the tool: go mod vendor, cargo vendor, bundle cache, yarn"
    yield Problem(Location(facts.path, 1), f"a file of {facts.owner[:120]}", fix)


RULE = Rule(
    "carried-altered",
    Kind.CARRIED,
    "is edited, and the version stays",
    "nothing compares carried code with what was published, and nobody reads such differences",
    check,
)
