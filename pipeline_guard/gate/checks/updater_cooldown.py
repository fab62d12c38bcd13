# SPDX-License-Identifier: Apache-2.0
"""Updaters that take a release the minute it is out: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import UpdaterFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_DAYS = 7


def check(facts: UpdaterFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ecosystem without a waiting time, or with less than a week."""
    for updater in facts.updaters:
        if updater.days is None or updater.days < _DAYS:
            fix = f"add minimumReleaseAge: {_DAYS} days" if updater.ecosystem == "Renovate" else f"add cooldown: {{default-days: {_DAYS}}}"
            yield Problem(Location(facts.path, updater.line), f"{updater.ecosystem} of {facts.path}", fix)


RULE = Rule(
    "updater-cooldown",
    Kind.UPDATER,
    "waits less than a week",
    "most malicious releases are found and removed within days",
    check,
    informs=True,
)
