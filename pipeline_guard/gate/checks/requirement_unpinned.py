# SPDX-License-Identifier: Apache-2.0
"""Requirements whose version is open, or that come from a place that can change."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import is_constraints
from pipeline_guard.gate.manifest.requirements import Pin, Pins
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_EXACT = re.compile(r"={2,3}\s*[^\s*]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def check(facts: Pins, _settings: GateSettings) -> Iterator[Problem]:
    """Give every requirement that the same file may resolve otherwise tomorrow; constraints are ranges by nature."""
    if is_constraints(facts.path):
        return
    for pin in facts.pins:
        fix = _fix(pin, facts.path)
        if fix:
            yield Problem(Location(facts.path, pin.line), pin.name, fix)


def _fix(pin: Pin, path: str) -> str:
    """Return what pins a requirement; "" where it is pinned."""
    if pin.kind == "index":
        exact = any(_EXACT.fullmatch(clause.strip()) for clause in pin.specifier.split(","))
        return "" if exact else f"write {pin.name}==VERSION, or let a tool do it: uv pip compile --generate-hashes INPUT -o {path}"
    if pin.kind == "vcs":
        distributed = pin.target.lower().startswith(("git", "hg"))
        full = distributed and _COMMIT.fullmatch(pin.revision)
        return "" if full else "name the full commit behind the last @ of the URL"
    if pin.kind == "url":
        return "" if pin.hashes else "append #sha256=DIGEST to the URL, or name==version from an index"
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), pin.target))
    escapes = pin.target.startswith(("/", "~", "file:")) or inside.startswith("..") or "\\" in pin.target
    return "name a path inside this repository" if escapes else ""


RULE = Rule(
    "requirement-unpinned",
    Kind.REQUIREMENTS,
    "not pinned to one version",
    "the next installation may take a release that nobody has looked at",
    check,
)
