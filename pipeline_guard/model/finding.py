# SPDX-License-Identifier: Apache-2.0
"""What a scan reports: where a secret lies and how sure we are, never the value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Unchecked


class Severity(Enum):
    """How bad it is if the finding is real; ordered by ``rank``."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return ("info", "low", "medium", "high", "critical").index(self.value)


class Confidence(Enum):
    """How sure we are: a proof that held, a guess of three strengths, or a proof that failed."""

    VERIFIED = "verified"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    CONTRADICTED = "contradicted"


class FindingStatus(Enum):
    """Whether the finding counts: only ``new`` ones do."""

    NEW = "new"
    BASELINE = "baseline"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that brought the text in. ``date`` is ISO 8601 with offset; ``path`` is where it put it, "" where nobody asked."""

    commit: str
    author: str = ""
    date: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret at one place. ``location`` delimits the value; ``preview`` shows at most its public prefix."""

    rule: str
    title: str
    severity: Severity
    confidence: Confidence
    location: Location
    fingerprint: str
    preview: str
    hint: str
    status: FindingStatus = FindingStatus.NEW
    origin: Origin | None = None
    decoded_from: str = ""


@dataclass(frozen=True, slots=True)
class ScanStats:
    """How much was looked at; ``seconds`` is wall time, ``began`` an aware time where it is known."""

    files: int = 0
    bytes: int = 0
    commits: int = 0
    seconds: float = 0.0
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The result of one scan. ``unchecked`` is what could not be examined, and why; ``notes`` are remarks to a person."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    stats: ScanStats = field(default_factory=ScanStats)
    notes: tuple[str, ...] = ()
