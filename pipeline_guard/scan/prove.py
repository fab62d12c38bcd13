# SPDX-License-Identifier: Apache-2.0
"""A rule proves itself: each of its examples must fire it, none of its counterexamples may."""

from __future__ import annotations

from datetime import datetime

from pipeline_guard.scan.detect import Candidate, examine, matches
from pipeline_guard.scan.proof import PROOFS, State
from pipeline_guard.scan.rule import Rule
from pipeline_guard.scan.sample import expand_bytes


def fires(rule: Rule, text: bytes, now: datetime) -> list[Candidate]:
    """Return what one rule alone finds in a text."""
    found = [examine(rule, match, now) for match in matches(rule, text, text.lower())]
    return [candidate for candidate in found if candidate]


def prove(rule: Rule, now: datetime) -> list[str]:
    """Return what is wrong with a rule, nothing where it is sound; raise UsageError for a template that is none."""
    wrong = []
    if rule.proof and rule.proof not in PROOFS:
        return [f"{rule.id}: no such proof: {rule.proof}"]
    if not rule.examples and rule.kind != "gitleaks":  # that format has none
        wrong.append(f"{rule.id}: no example")
    for number, template in enumerate(rule.examples, 1):
        found = fires(rule, expand_bytes(template, rule.id), now)
        if not found:
            wrong.append(f"{rule.id}: example {number} is not found")
        elif rule.proof and number == 1 and all(candidate.proof.state is State.CONTRADICTED for candidate in found):
            wrong.append(f"{rule.id}: example {number} is contradicted by its own proof")
    for number, template in enumerate(rule.counterexamples, 1):
        found = fires(rule, expand_bytes(template, rule.id), now)
        if any(candidate.proof.state is not State.CONTRADICTED for candidate in found):
            wrong.append(f"{rule.id}: counterexample {number} is found")
    return wrong
