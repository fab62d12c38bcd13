# SPDX-License-Identifier: Apache-2.0
"""Packages that policy wants with provenance, published without."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.manifest.naming import is_listed
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: PublishedFacts, settings: GateSettings) -> Iterator[Problem]:
    """Give a version without attestations whose name policy lists; a registry that has no such thing leaves it undecided."""
    published, package = facts.published, facts.package
    if published is None or published.attested or not is_listed(package.name, settings.dependencies.attested, package.ecosystem):
        return
    fix = f"lock a version of {package.name} that is published with provenance, or take the name out of gate.dependencies.attested"
    yield Problem(package.location, f"{package.name} {package.version}", fix, doubt=published.attested is None)


RULE = Rule(
    "provenance-missing",
    Kind.ATTESTED,
    "is published without the provenance that policy demands",
    "nothing tells from which source, and by whom, it was built",
    check,
)
