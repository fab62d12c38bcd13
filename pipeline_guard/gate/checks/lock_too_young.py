# SPDX-License-Identifier: Apache-2.0
"""Files that were uploaded so recently that nobody had time to notice a hijacked release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location


def check(facts: LockChange, settings: GateSettings) -> Iterator[Problem]:
    """Give every file of the change younger than policy's minimum, by the time that the lock itself claims.

    It can fail a change; it proves no age, since whoever writes the lock writes the time.
    """
    if not settings.dependencies.minimum_age or facts.now is None:
        return
    limit = facts.now - timedelta(days=settings.dependencies.minimum_age)
    old = {package.key for lock in (facts.before, *facts.others) if lock for package in lock.packages}
    for package in facts.after.packages:
        young = next((file for file in package.files if file.uploaded is not None and file.uploaded > limit), None)
        if young is not None and young.uploaded is not None and package.key not in old:
            days = max((facts.now - young.uploaded).days, 0)
            yield Problem(
                Location(facts.path, young.line or package.location.line),
                f"{package.name} {package.version} ({days} days old)",
                f"take an older release, or wait until it is {settings.dependencies.minimum_age} days old (uv: exclude-newer)",
            )


RULE = Rule(
    "lock-too-young",
    Kind.LOCK_CHANGE,
    "younger than policy allows",
    "most hijacked releases are found and withdrawn within days",
    check,
)
