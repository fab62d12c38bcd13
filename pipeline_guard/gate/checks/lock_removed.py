# SPDX-License-Identifier: Apache-2.0
"""Locks that a change takes away although what they lock stays."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import LostLock
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: LostLock, _settings: GateSettings) -> Iterator[Problem]:
    """Give the lock, at the manifest that is left without one."""
    yield Problem(Location(facts.manifest, 1), f"{facts.path} is gone", f"git checkout BASE -- {facts.path}")


RULE = Rule(
    "lock-removed",
    Kind.LOST_LOCK,
    "and what it locked stays",
    "the next installation takes whatever the registry answers, and nothing is compared with what was reviewed",
    check,
)
