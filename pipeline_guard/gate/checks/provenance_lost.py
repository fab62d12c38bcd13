# SPDX-License-Identifier: Apache-2.0
"""Versions published without provenance although earlier ones had some."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind, PublishedFacts
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings


def check(facts: PublishedFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give a version without attestations of a package that had them."""
    published, package = facts.published, facts.package
    if published is not None and published.attested is False and published.attested_before:
        fix = f"stay with the last attested version of {package.name} until its authors say why"
        yield Problem(package.location, f"{package.name} {package.version}", fix)


RULE = Rule(
    "provenance-lost",
    Kind.PUBLISHED,
    "published without the provenance that earlier versions have",
    "a stolen account publishes by hand what used to come from a pipeline",
    check,
)
