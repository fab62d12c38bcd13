# SPDX-License-Identifier: Apache-2.0
"""Trust in a bot's name where somebody else can have it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.workflow_parts import privileged
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_ACTOR = re.compile(
    r"github\.(triggering_)?actor(_id)?\s*==\s*'([^']*\[bot\])'|'([^']*\[bot\])'\s*==\s*github\.(triggering_)?actor", re.IGNORECASE
)


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every comparison of the actor with a bot in a run that has the base repository's rights."""
    events = privileged(facts)
    places = [(job.lines.get("if", job.line), job.condition) for job in facts.jobs if not job.uses]
    places += [(step.lines.get("if", step.line), step.condition) for step in facts.steps]
    for line, condition in places if events else ():
        found = _ACTOR.search(condition)
        if found:
            bot = found[3] or found[4]
            yield Problem(Location(facts.path, line), found[0], f"compare github.event.pull_request.user.login with '{bot}'")


RULE = Rule(
    "condition-bot",
    Kind.WORKFLOW,
    "is no proof of who wrote the change",
    "the actor is whoever caused the last event: a bot's pull request with somebody else's commit, or the reverse",
    check,
    follows="action-unpinned",
)
