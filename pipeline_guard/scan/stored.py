# SPDX-License-Identifier: Apache-2.0
"""Values of the secrets store as findings: no rule found them, so nothing about their looks matters."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.model.sealed import Stored
from pipeline_guard.scan.detect import Candidate
from pipeline_guard.scan.proof import VERIFIED
from pipeline_guard.scan.rule import Rule

STORED = "stored-secret"  # the rule id


def with_stored(text: bytes, candidates: list[Candidate], found: Sequence[Stored]) -> list[Candidate]:
    """Put stored values in the place of whatever overlaps them."""
    if not found:
        return candidates
    exact = [_candidate(one, text) for one in found]
    rest = [one for one in candidates if not any(one.start < other.end and other.start < one.end for other in exact)]
    return sorted([*rest, *exact], key=lambda one: one.start)


def _candidate(found: Stored, text: bytes) -> Candidate:
    rule = Rule(
        id=STORED,
        title=f"The stored secret {found.name} (version {found.version})",
        severity="critical",
        pattern="",
        source="the secrets store",
        hint=f"issue a new value and pipeline-guard secrets put {found.name}; the old one is known to all who can read this",
        examples=(),
    )
    return Candidate(rule, found.start, found.end, text[found.start : found.end], VERIFIED)
