# SPDX-License-Identifier: Apache-2.0
"""Models, and the settings beside them, that run code or reach for files when loaded; pickles have a check of their own."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.model_file import ModelFacts
from pipeline_guard.gate.model_hazard import CODE
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

FIX = "have the weights saved as safetensors by a maker you trust, and demand a signature with gate.artifacts"


def check(facts: ModelFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give everything beyond arithmetic that a model asks of its loader."""
    return problems(facts, CODE, FIX)


def problems(facts: ModelFacts, rule: str, fix: str) -> Iterator[Problem]:
    """Give the hazards that a check reports; the place of one in a member is the file's beginning."""
    for hazard in facts.hazards:
        if hazard.rule == rule:
            where = f" in {hazard.member}" if hazard.member else ""
            at = 0 if hazard.member else hazard.offset
            yield Problem(Location(facts.path, byte_start=at, byte_end=at + 1 if at else 0), f"{hazard.what}{where}", hazard.fix or fix)


RULE = Rule("model-code", Kind.FORMAT, "", "whoever loads the model runs what it names, or opens what it points at", check)
