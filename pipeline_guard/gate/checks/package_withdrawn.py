# SPDX-License-Identifier: Apache-2.0
"""Versions that their authors or their registry took back."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings

_TAKEN_BACK = ("yanked", "quarantined")


def check(facts: PublishedFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give what is yanked or quarantined; deprecated and archived versions are old, not taken back."""
    published, package = facts.published, facts.package
    if published is not None and published.state in _TAKEN_BACK:
        said = f" ({' '.join(published.why.split())[:100]})" if published.why.strip() else ""
        yield Problem(
            package.location, f"{package.name} {package.version} is {published.state}{said}", f"lock another version of {package.name}"
        )


RULE = Rule("package-withdrawn", Kind.PUBLISHED, "", "it was taken back for a reason, often that it is broken or malicious", check)
