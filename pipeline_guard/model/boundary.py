# SPDX-License-Identifier: Apache-2.0
"""What a token did when it was asked to give away what it must keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Outcome(Enum):
    """``LEAKED``: a value came out. ``PERMITTED``: something was allowed that should not be, without a value coming out.

    ``UNSUPPORTED``: the token has no such key or mechanism. ``UNTRIED``: it failed before the attempt, so nothing is known.
    """

    REFUSED = "refused"
    LEAKED = "leaked"
    PERMITTED = "permitted"
    UNSUPPORTED = "unsupported"
    UNTRIED = "untried"


class Grade(Enum):
    """What an unwelcome outcome means. ``RESTRICT``: safe only under our rules for creating keys."""

    REJECT = "reject"
    RESTRICT = "restrict"
    NOTE = "note"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt: ``how`` says what was called with what, and what the token answered."""

    id: str
    title: str
    outcome: Outcome
    how: str


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a result holds for: the module's content and the token behind it."""

    module: str
    module_digest: str
    library: str
    serial: str
    label: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A probe that went wrong, what it means, and the rule of ours that keeps it from mattering."""

    probe: Probe
    grade: Grade
    rule: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """The judgement of one token at one time, and until when it holds."""

    facts: TokenFacts
    grade: Grade
    findings: tuple[Finding, ...]
    probes: tuple[Probe, ...]
    checked: datetime
    expires: datetime
