# SPDX-License-Identifier: Apache-2.0
"""Rules as people ask for them: all of them, one explained, all proved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline_guard.gate.registry import RULES as GATE_RULES
from pipeline_guard.ports import Cache, Rulepacks
from pipeline_guard.scan.prove import prove
from pipeline_guard.scan.rule import Rule
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.stored import STORED

__all__ = ["STORED", "every_rule", "gate_rule", "one_rule", "wrong_rules"]


def every_rule(packs: Rulepacks, cache: Cache) -> Sequence[Rule]:
    """Return all rules, ordered by kind and id. Raises UsageError for a pack that cannot be used."""
    return sorted(load(packs, cache).rules, key=lambda rule: (rule.kind, rule.id))


def one_rule(name: str, packs: Rulepacks, cache: Cache) -> Rule:
    """Return one rule; raise UsageError with the nearest spelling."""
    return load(packs, cache).rule(name)


def gate_rule(name: str) -> tuple[str, str] | None:
    """Return what a check of the gate claims of what it finds, and why that matters; None where no check has this id."""
    return next(((rule.claim, rule.why) for rule in GATE_RULES if rule.id == name), None)


def wrong_rules(packs: Rulepacks, cache: Cache, now: datetime) -> tuple[int, list[str]]:
    """Run every example and counterexample; return how many rules there are, and what is wrong."""
    rules = load(packs, cache).rules
    return len(rules), [wrong for rule in rules for wrong in prove(rule, now)]
