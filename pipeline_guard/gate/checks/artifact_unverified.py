# SPDX-License-Identifier: Apache-2.0
"""Artifacts that policy names and whose signature does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import ArtifactFacts, Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: ArtifactFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give an artifact without a bundle, or with one that does not verify."""
    if facts.state != "verified":
        what = "no bundle: " if facts.state == "missing" else "does not verify: "
        yield Problem(Location(facts.path), what + facts.why, facts.hint or f"pipeline-guard sign {facts.path} --key NAME")


RULE = Rule("artifact-unverified", Kind.ARTIFACT, "", "nobody vouches for these bytes", check)
