# SPDX-License-Identifier: Apache-2.0
"""Build wrappers that are none of those policy knows."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, WrapperFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: WrapperFacts, settings: GateSettings) -> Iterator[Problem]:
    """Give a wrapper whose digest is not on policy's list; without a list nobody can say."""
    known = settings.dependencies.wrappers
    if known and facts.sha256 not in known:
        fix = "take the wrapper of a release, compare it with its makers' list (gradle.org/release-checksums), and add that to policy"
        yield Problem(Location(facts.path, 1), f"sha256:{facts.sha256}", fix)


RULE = Rule(
    "wrapper-unknown",
    Kind.WRAPPER,
    "is none that gate.dependencies.wrappers lists",
    "it is a program that every build starts first, and nobody reads a jar",
    check,
)
