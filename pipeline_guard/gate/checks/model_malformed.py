# SPDX-License-Identifier: Apache-2.0
"""Models whose sizes and places contradict each other, as attacks on native readers do."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.checks.model_code import problems
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.model_file import ModelFacts
from pipeline_guard.gate.model_hazard import MALFORMED
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings

FIX = "get the file again from its maker and compare its digest; demand a signature with gate.artifacts"


def check(facts: ModelFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every breach of a format that is no code."""
    return problems(facts, MALFORMED, FIX)


RULE = Rule(
    "model-malformed", Kind.FORMAT, "", "readers written in C overflow on sizes that lie, or read what another reader does not see", check
)
