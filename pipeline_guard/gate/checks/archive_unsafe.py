# SPDX-License-Identifier: Apache-2.0
"""Archives whose members are not what they seem, or would not stay where they are unpacked."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.archive import ArchiveFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: ArchiveFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every fault of an archive."""
    for member, what in facts.faults:
        yield Problem(
            Location(facts.path), f"{member} {what}".lstrip(), f"build {facts.path} anew from its sources, with a tool that is known"
        )


RULE = Rule("archive-unsafe", Kind.ARCHIVE, "", "what is unpacked, or installed, is something else than was reviewed", check)
