# SPDX-License-Identifier: Apache-2.0
"""Images whose program runs as root."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import DockerfileFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: DockerfileFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give the last stage's user where it is root, or where nothing says and the image starts something."""
    if facts.user is not None:
        line, user = facts.user
        fix = "end with USER 10001, or a user that the image has"
        yield Problem(Location(facts.path, line), f"USER {user}"[:60] if user else "no USER", fix)


RULE = Rule(
    "dockerfile-root",
    Kind.DOCKERFILE,
    "in the last stage",
    "whoever breaks into its program is root in the container, one step from the machine",
    check,
    informs=True,
    follows="dockerfile-remote",
)
