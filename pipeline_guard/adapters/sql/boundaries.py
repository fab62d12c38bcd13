# SPDX-License-Identifier: Apache-2.0
"""Judgements of tokens as text in the table of facts."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Any

from pipeline_guard.model.boundary import Boundary, Finding, Grade, Outcome, Probe, TokenFacts


def write(boundary: Boundary) -> str:
    """Return a judgement as JSON."""
    return json.dumps(asdict(boundary), default=_plain)


def read(text: str) -> Boundary | None:
    """Read what ``write`` made; None for anything else."""
    try:
        found = json.loads(text)
        return Boundary(
            facts=TokenFacts(**found["facts"]),
            grade=Grade(found["grade"]),
            findings=tuple(Finding(_probe(each["probe"]), Grade(each["grade"]), each["rule"]) for each in found["findings"]),
            probes=tuple(_probe(each) for each in found["probes"]),
            checked=datetime.fromisoformat(found["checked"]),
            expires=datetime.fromisoformat(found["expires"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _probe(found: dict[str, Any]) -> Probe:
    return Probe(found["id"], found["title"], Outcome(found["outcome"]), found["how"])


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)  # Defensive: a judgement holds nothing else
