# SPDX-License-Identifier: Apache-2.0
"""Files that a Dockerfile takes from the network without saying which bytes."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import DockerfileFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: DockerfileFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ADD of an address without a checksum, and of a repository without a full commit."""
    for source in facts.remote:
        git = source.target.partition("#")[0].endswith(".git") or source.target.startswith("git")
        fix = "put #FULL_COMMIT behind the repository" if git else "write ADD --checksum=sha256:HEX ADDRESS DESTINATION"
        yield Problem(Location(facts.path, source.line), f"ADD {source.target}"[:100], fix)


RULE = Rule(
    "dockerfile-remote",
    Kind.DOCKERFILE,
    "without a checksum",
    "whoever serves that address decides what is in the image",
    check,
)
