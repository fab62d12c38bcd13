# SPDX-License-Identifier: Apache-2.0
"""What one page tells: the last results, and what became of keys, leases and signatures. Names and numbers, never a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pipeline_guard.model.finding import Finding
from pipeline_guard.model.summary import Summary
from pipeline_guard.model.verdict import Check, Unchecked


class Answer(Enum):
    """What the results come to; ``NONE`` where there are none."""

    NO = "no"
    INCOMPLETE = "incomplete"
    YES = "yes"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One document that was read: its name, what it is ("scan", "gate", "verify"), and what it says in a few words."""

    name: str
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Signature:
    """One subject that was verified. ``time`` is what proves when the signature existed, None where nothing does."""

    subject: str
    verified: bool
    verdict: str
    why: str
    hint: str
    signer: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of what: ``counts`` in the order of the series that its chart names."""

    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All counts together."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key version: days of use, of its cryptoperiod (0: it has no end), and what is due next ("" for nothing)."""

    name: str
    version: int
    type: str
    state: str
    age_days: int
    period_days: int
    next: str
    overdue: bool
    due: bool


@dataclass(frozen=True, slots=True)
class OpenLease:
    """Who holds which secret until when."""

    secret: str
    version: int
    holder: str
    issued: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """Counts over time: one tally for each stretch of ``days`` from ``first``, and the names of the series."""

    first: datetime
    days: int
    series: tuple[str, ...]
    stretches: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page. Lists are complete; renderings show the first of them and count the rest.

    ``kinds`` and ``ages`` count findings by severity, worst first. ``summary`` and the courses are None without a log.
    """

    made: datetime
    answer: Answer
    results: tuple[ResultFile, ...] = ()
    checks: tuple[Check, ...] = ()
    passed: int = 0
    findings: tuple[Finding, ...] = ()
    kinds: tuple[Tally, ...] = ()
    ages: tuple[Tally, ...] = ()
    signatures: tuple[Signature, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    keys: tuple[KeyLine, ...] = ()
    leases: tuple[OpenLease, ...] = ()
    lease_course: Course | None = None
    sign_course: Course | None = None
    summary: Summary | None = None
    missing: tuple[Unchecked, ...] = ()
