# SPDX-License-Identifier: Apache-2.0
"""Advisories as the gate looks them up: one known weakness of one package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem


@dataclass(frozen=True, slots=True)
class Range:
    """Versions by events in the order of the record: ("introduced" | "fixed" | "last_affected" | "limit", version)."""

    events: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Advisory:
    """What one record says of one package (OSV schema 1.7).

    ``versions`` are those named one by one; ``level`` is "critical", "high", "medium", "low", "none", or "" where the record has
    no score; ``score`` is CVSS's number, -1 where there is none.
    """

    id: str
    ecosystem: Ecosystem
    name: str
    aliases: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    level: str = ""
    score: float = -1.0
    summary: str = ""

    @property
    def malicious(self) -> bool:
        """Whether it tells of a package made to do harm (the OpenSSF's malicious packages)."""
        return self.id.startswith("MAL-") or any(alias.startswith("MAL-") for alias in self.aliases)


@dataclass(frozen=True, slots=True)
class AdvisoryRow:
    """One advisory as a database keeps it: looked up by ecosystem and name, its content as JSON."""

    ecosystem: str
    name: str
    id: str
    body: str


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """Where advisories came from and how old they are. ``sha256`` is of the database file, "" for a service that is asked."""

    source: str
    etag: str
    date: datetime
    sha256: str
    records: tuple[tuple[str, int], ...] = ()  # (ecosystem, number of records)


@dataclass(frozen=True, slots=True)
class Weakness:
    """One weakness of one pinned package, all records that tell of it collapsed: ``ids`` begins with the one to name.

    ``fixed`` is the smallest later version without it, ``mended`` the smallest without any that is known; "" where there is none.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    places: tuple[Location, ...]
    ids: tuple[str, ...]
    level: str
    score: float
    summary: str
    malicious: bool
    fixed: str = ""
    mended: str = ""
