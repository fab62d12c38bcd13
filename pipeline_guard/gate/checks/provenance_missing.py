# SPDX-License-Identifier: Apache-2.0
"""Packages that policy wants with provenance, published without."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.manifest.naming import pypi_name
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.package import Ecosystem


def check(facts: PublishedFacts, settings: GateSettings) -> Iterator[Problem]:
    """Give a version without attestations whose name policy lists; a registry that has no such thing leaves it undecided."""
    published, package = facts.published, facts.package
    if published is None or published.attested or not _is_listed(package.name, settings.dependencies.attested, package.ecosystem):
        return
    fix = f"lock a version of {package.name} that is published with provenance, or take the name out of gate.dependencies.attested"
    yield Problem(package.location, f"{package.name} {package.version}", fix, doubt=published.attested is None)


def _is_listed(name: str, patterns: tuple[str, ...], ecosystem: Ecosystem) -> bool:
    def spelt(text: str) -> str:
        return pypi_name(text) if ecosystem is Ecosystem.PYPI else text.lower()

    name = spelt(name)
    return any(name.startswith(spelt(pattern[:-1])) if pattern.endswith("*") else name == spelt(pattern) for pattern in patterns)


RULE = Rule(
    "provenance-missing",
    Kind.ATTESTED,
    "is published without the provenance that policy demands",
    "nothing tells from which source, and by whom, it was built",
    check,
)
