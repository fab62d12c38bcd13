# SPDX-License-Identifier: Apache-2.0
"""Locks as the checks see them, from the samples with pieces replaced."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.gate.manifest import manifests
from pipeline_guard.gate.manifest.formats import format_of
from pipeline_guard.gate.manifest.project import LockChange, Project
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.package import Lock
from tests.unit.gate.locks import BY_PATH

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PLAIN = GateSettings()


def text_of(path: str, *pairs: tuple[str, str]) -> str:
    """Return a sample's text with pieces replaced, each of which must be there."""
    text = BY_PATH[path].text
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def read(path: str, text: str) -> Lock:
    """Read a lock as the gate does."""
    kind = format_of(path, text.encode())
    assert kind is not None
    return kind.parse(text.encode(), path)


def sample(path: str, *pairs: tuple[str, str]) -> Lock:
    """Return a sample as facts, pieces replaced."""
    return read(path, text_of(path, *pairs))


def change(path: str, *pairs: tuple[str, str], manifest_changed: bool = False, others: Iterable[Lock] = ()) -> LockChange:
    """Return a change of a sample: sound before, pieces replaced after."""
    return LockChange(path, sample(path, *pairs), sample(path), tuple(others), manifest_changed, NOW)


def project(path: str, text: str, *beside: tuple[str, str]) -> Project:
    """Return a lock with the manifests and locks given as (path, text)."""
    named = [(name, content) for name, content in beside if manifests.is_manifest(name)]
    locks = [read(name, content) for name, content in beside if not manifests.is_manifest(name)]
    return Project(path, read(path, text), tuple(manifests.parse(content.encode(), name) for name, content in named), tuple(locks))


def problems(rule: Rule, facts: Any, settings: GateSettings = PLAIN) -> list[Problem]:
    """Run a check; every problem must say where, what and how to mend it."""
    found = list(rule.check(facts, settings))
    assert all(one.what and one.fix and one.location.line for one in found)
    return found


def whats(rule: Rule, facts: Any, settings: GateSettings = PLAIN) -> list[str]:
    """Return what a check finds, in words."""
    return [one.what for one in problems(rule, facts, settings)]
