# SPDX-License-Identifier: Apache-2.0
"""What a gate decides, and what it could not look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.location import Location


@dataclass(frozen=True, slots=True, order=True)
class Unchecked:
    """Something that could not be examined: ``what`` (a path or a check) and ``why``."""

    what: str
    why: str


class CheckStatus(Enum):
    """The outcome of one check."""

    PASS = "pass"
    FAIL = "fail"
    UNCHECKED = "unchecked"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Check:
    """One check's outcome: why in one sentence, where, and the command or edit that fixes it."""

    id: str
    status: CheckStatus
    why: str
    locations: tuple[Location, ...] = ()
    fix: str = ""


class Outcome(Enum):
    """The three answers of a gate."""

    ALLOW = "allow"
    BLOCK = "block"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer with every check behind it, and the policy it was judged by.

    ``weaknesses`` are those known of what is pinned, whether they block or not, but for what policy waives.
    """

    outcome: Outcome
    checks: tuple[Check, ...]
    policy_digest: str
    policy_source: str
    weaknesses: tuple[Weakness, ...] = ()
