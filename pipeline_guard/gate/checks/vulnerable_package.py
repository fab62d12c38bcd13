# SPDX-License-Identifier: Apache-2.0
"""Packages at versions with a known weakness."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import AdvisoryFacts, Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.weakness import is_at_least
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.gate_settings import GateSettings

_NAMED = 3  # ids in a sentence


def check(facts: AdvisoryFacts, settings: GateSettings) -> Iterator[Problem]:
    """Give every weakness that reaches the threshold; with a merge target those that it does not have."""
    rules = settings.advisories
    if not facts.new and rules.scope == "new":
        return
    for weakness in facts.weaknesses:
        blocks = is_at_least(weakness.level, rules.threshold) if weakness.level else rules.unscored == "block"
        if blocks and not weakness.malicious:
            for place in facts.pinned.places:
                yield Problem(place, _what(weakness), _fix(weakness), ids=weakness.ids)


def _what(weakness: Weakness) -> str:
    first, *others = weakness.ids[:_NAMED]
    known = f"{first} ({', '.join(others)})" if others else first
    level = f"{weakness.level} {weakness.score:.1f}" if weakness.score >= 0 else weakness.level or "without a score"
    return f"{weakness.name} {weakness.version} has {known}, {level}: {weakness.summary or 'no summary'}".rstrip(".")


def _fix(weakness: Weakness) -> str:
    if not weakness.fixed:
        return f"no version without it is known: take {weakness.name} out, or waive {weakness.ids[0]} for a while"
    further = f"; {weakness.mended} is without any that is known" if weakness.mended not in ("", weakness.fixed) else ""
    return f"update {weakness.name} to {weakness.fixed} or later{further}"


RULE = Rule(
    "vulnerable-package",
    Kind.ADVISORY,
    "",
    "whoever reads the advisory knows how to attack what is built with it",
    check,
)
