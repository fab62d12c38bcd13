# SPDX-License-Identifier: Apache-2.0
"""Hooks of pre-commit that a moved tag replaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import HookFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def check(facts: HookFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every repository of hooks whose ``rev`` is no full commit."""
    for hook in facts.hooks:
        if hook.repository in ("local", "meta") or _COMMIT.fullmatch(hook.revision):
            continue
        fix = f"pre-commit autoupdate --freeze --repo {hook.repository}"
        yield Problem(Location(facts.path, hook.line), f"{hook.repository} at {hook.revision or 'no revision'}"[:120], fix)


RULE = Rule(
    "hook-unpinned",
    Kind.HOOK,
    "not pinned to a full commit",
    "whoever can move that tag runs code on every machine that commits, and in the job that runs the hooks",
    check,
)
