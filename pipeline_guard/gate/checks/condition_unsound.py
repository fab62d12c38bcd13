# SPDX-License-Identifier: Apache-2.0
"""Conditions that say something else than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.expression import outside
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

# contains('a b', context): a text is searched for, so that parts of a word match, too.
_CONTAINS = re.compile(
    r"contains\s*\(\s*'((?:[^']|'')*)'\s*,\s*((?:github|env|inputs|steps|needs|matrix|vars)\.[\w.\[\]'-]+)\s*\)", re.IGNORECASE
)


def check(facts: WorkflowFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give searches in a text that are meant as membership of a list, and texts around ``${{ }}``, which are always true."""
    places = [(job.lines.get("if", job.line), job.condition) for job in facts.jobs if not job.uses]
    places += [(step.lines.get("if", step.line), step.condition) for step in facts.steps]
    for line, condition in places:
        found = _CONTAINS.search(condition)
        if found:
            words = [word for word in re.split(r"[\s,;|]+", found[1]) if word]
            fix = f"contains(fromJSON('{_listed(words)}'), {found[2]})"
            yield Problem(Location(facts.path, line), f"{found[0][:80]}", f"write {fix}")
        if "${{" in condition and (outside(condition).strip() or condition != condition.strip()):
            fix = "put the whole condition into one expression without ${{ }}, and no | or > before it"
            yield Problem(Location(facts.path, line), "text around ${{ }} in if:", fix)


def _listed(words: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


RULE = Rule(
    "condition-unsound",
    Kind.WORKFLOW,
    "as a condition",
    "it holds where it should not: a part of a word matches, and any text that is not empty is true",
    check,
    follows="action-unpinned",
)
