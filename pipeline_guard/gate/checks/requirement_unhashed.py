# SPDX-License-Identifier: Apache-2.0
"""Requirements that pip would install whatever their bytes are."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import is_constraints
from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: Pins, _settings: GateSettings) -> Iterator[Problem]:
    """Give every requirement from an index or URL that carries no hash; constraints install nothing."""
    fix = f"uv pip compile --generate-hashes INPUT -o {facts.path} (or pip-compile --generate-hashes)"
    for pin in facts.pins:
        if pin.kind in ("index", "url") and not pin.hashes and not is_constraints(facts.path):
            yield Problem(Location(facts.path, pin.line), pin.name, fix)


RULE = Rule(
    "requirement-unhashed",
    Kind.REQUIREMENTS,
    "without a hash",
    "whatever the index serves under that name gets installed, a replaced file too",
    check,
)
