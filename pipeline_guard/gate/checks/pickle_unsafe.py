# SPDX-License-Identifier: Apache-2.0
"""Model files that would run code of their own when loaded."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.model_file import ModelFacts
from pipeline_guard.gate.model_hazard import PICKLE
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

FIX = (
    "do not load it; where you trust its maker, have the weights saved as safetensors "
    "(safetensors.torch.save_file(model.state_dict(), FILE)) and demand a signature with gate.artifacts"
)


def check(facts: ModelFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give everything that a pickle fetches, calls or changes beyond the allow-list."""
    for hazard in facts.hazards:
        if hazard.rule != PICKLE:
            continue
        where = f" in {hazard.member}" if hazard.member else ""
        place = Location(facts.path, byte_start=0 if hazard.member else hazard.offset, byte_end=0 if hazard.member else hazard.offset + 1)
        yield Problem(place, f"{hazard.what} (byte {hazard.offset}{where})", FIX)


RULE = Rule("pickle-unsafe", Kind.MODEL, "", "loading the file is enough to run what it names", check)
