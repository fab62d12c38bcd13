# SPDX-License-Identifier: Apache-2.0
"""Container images that are not named by digest."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ImageFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.image_tag import by_tag
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: ImageFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every image that a tag names, of whatever pipelines run and clusters are given; compose files are shown only."""
    if not facts.local:
        yield from by_tag(facts)


RULE = Rule(
    "image-unpinned",
    Kind.IMAGE,
    "not pinned to a digest",
    "whoever can push that tag decides what runs and what is shipped",
    check,
)
