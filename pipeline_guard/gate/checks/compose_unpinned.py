# SPDX-License-Identifier: Apache-2.0
"""Images of compose files that are not named by digest: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ImageFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.image_tag import by_tag
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: ImageFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every image of a compose file that a tag names: such files serve developers, pipelines and clusters have others."""
    if facts.local:
        yield from by_tag(facts)


RULE = Rule(
    "compose-unpinned",
    Kind.IMAGE,
    "not pinned to a digest",
    "two developers who start it may run different programs",
    check,
    informs=True,
)
