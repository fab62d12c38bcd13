# SPDX-License-Identifier: Apache-2.0
"""Packages that were published to do harm."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import AdvisoryFacts, Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: AdvisoryFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every malicious package, new or not, whatever its score: nobody may put up with one."""
    for weakness in facts.weaknesses:
        if weakness.malicious:
            what = f"{weakness.name} {weakness.version} is malicious ({weakness.ids[0]}): {weakness.summary or 'no summary'}".rstrip(".")
            fix = f"take {weakness.name} out, and treat every machine that installed it as compromised"
            for place in facts.pinned.places:
                yield Problem(place, what, fix, ids=weakness.ids)


RULE = Rule(
    "malicious-package",
    Kind.ADVISORY,
    "",
    "it was published to do harm, and does it when it is installed or loaded",
    check,
    waivable=False,
)
