# SPDX-License-Identifier: Apache-2.0
"""Packages that run code of their own when they are installed, and did not before this change."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

_SAYING = (Ecosystem.NPM, Ecosystem.PACKAGIST)  # where a script is news; every source archive of Python builds itself


def check(facts: LockChange, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package with an install script whose name had none in any version of the merge target's locks.

    Without a lock of the merge target there is nothing to compare with, and the whole lock is news that reviewers see.
    """
    former = facts.former()
    if not former:
        return
    scripted = {(package.ecosystem, package.name) for lock in former for package in lock.packages if package.install_code}
    # a format that says nothing about scripts (yarn.lock, version 1) makes no script new
    silent = any(package.install_code is None for lock in former for package in lock.packages if package.source.kind == "registry")
    for package in facts.after.packages:
        news = package.install_code and package.ecosystem in _SAYING and (package.ecosystem, package.name) not in scripted
        if news and not silent and package.source.kind in ("registry", "url", "git", "bundled"):
            yield Problem(
                Location(facts.path, package.location.line),
                f"{package.name} {package.version}",
                "read the script (npm view NAME scripts), then waive this check for the change, or install with ignore-scripts",
            )


RULE = Rule(
    "install-script-new",
    Kind.LOCK_CHANGE,
    "with an install script that was not there before",
    "a hijacked release runs its code in the moment it is installed",
    check,
)
