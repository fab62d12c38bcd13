# SPDX-License-Identifier: Apache-2.0
"""The boundary of a token, examined where no judgement of this module, version and serial number is at hand."""

from __future__ import annotations

from pipeline_guard.keys.boundary import holds, judge
from pipeline_guard.model.boundary import Boundary
from pipeline_guard.ports import BoundaryBook, Clock, Examined


def examine(token: Examined, book: BoundaryBook, clock: Clock) -> Boundary:
    """Make every probe, judge, and keep the judgement."""
    boundary = judge(token.token_facts(), token.probe(), clock.now())
    book.keep_boundary(boundary)
    return boundary


def examined(token: Examined, book: BoundaryBook, clock: Clock) -> Boundary:
    """Return the judgement that holds, made anew where module, version or serial number changed, or it grew old."""
    facts = token.token_facts()
    kept = book.boundary(facts.serial)
    return kept if kept is not None and holds(kept, facts, clock.now()) else examine(token, book, clock)
