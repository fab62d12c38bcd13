# SPDX-License-Identifier: Apache-2.0
"""Updaters that run code of the packages they look at."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import UpdaterFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: UpdaterFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every entry of Dependabot that allows it."""
    for updater in facts.updaters:
        if updater.runs_code:
            fix = "remove insecure-external-code-execution"
            yield Problem(Location(facts.path, updater.line), f"{updater.ecosystem}: insecure-external-code-execution", fix)


RULE = Rule(
    "updater-executes",
    Kind.UPDATER,
    "allowed",
    "a malicious package then runs beside the updater's registry credentials",
    check,
)
