# SPDX-License-Identifier: Apache-2.0
"""Job identities that more than one place believes: shown, never a failure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import GitlabFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: GitlabFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every ID token for several audiences, for none, or for anybody."""
    for job in facts.jobs:
        for line, name, audiences in job.audiences:
            if len(set(audiences)) != 1 or "*" in audiences[0]:
                named = ", ".join(audiences)[:80] or "nobody in particular"
                yield Problem(
                    Location(facts.path, line),
                    f"{name} of {job.name}, for {named},",
                    "write one token with one aud for each place that takes it",
                )


RULE = Rule(
    "gitlab-token-audience",
    Kind.GITLAB,
    "is taken in several places",
    "each of them can show the token to the others and is this job there",
    check,
    informs=True,
    follows="include-unpinned",
)
