# SPDX-License-Identifier: Apache-2.0
"""Packages that their registry does not have."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: PublishedFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give a package, or a version of one, that nobody publishes."""
    if facts.published is None:
        package = facts.package
        yield Problem(
            package.location, f"{package.name} {package.version}", f"check the spelling of {package.name}, and where it comes from"
        )


RULE = Rule(
    "package-unpublished",
    Kind.PUBLISHED,
    "not published by the registry",
    "whoever publishes that name first decides what gets installed",
    check,
)
