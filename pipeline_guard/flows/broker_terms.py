# SPDX-License-Identifier: Apache-2.0
"""What a broker works with: its doors, and the terms that its configuration sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from pipeline_guard.errors import Denied
from pipeline_guard.flows.lease import LeaseDoors
from pipeline_guard.identity.issuers import TABLES, Issuer
from pipeline_guard.keys.approval import Rule
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.model.session import Limit
from pipeline_guard.policy.parse import Policy
from pipeline_guard.ports import ApprovalBook, Clock, FreshJwks, JobBook, LeaseTime, Random, SessionBook, UseBook

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rates:
    """How many requests a minute an issuer, a repository and a job may make."""

    issuer: int = 6000
    repository: int = 600
    job: int = 60


@dataclass(frozen=True, slots=True)
class BrokerTerms:
    """What is set: the address as jobs write it, who is trusted to say who a job is, what policy says, and for how long.

    ``bound`` demands that an identity token names, in its audience, the key that its job proves to hold (GitHub lets jobs do so).
    ``longest`` is the longest life of a session; nothing leased in it outlives it.
    """

    address: str
    audience: str
    issuers: tuple[Issuer, ...]
    policy: Policy
    policy_digest: str
    bound: bool = False
    longest: timedelta = timedelta(hours=6)
    rates: Rates = field(default_factory=Rates)
    approval_rules: Mapping[str, Rule] = field(default_factory=dict)


class BrokerBook(SessionBook, UseBook, LeaseTime, JobBook, ApprovalBook, Protocol):
    """What brokers of one store share."""


class Meter(Protocol):
    """Counts what happens, for whoever watches."""

    def add(self, name: str, label: str = "") -> None:
        """Count one more of ``name``."""
        ...


@dataclass(frozen=True, slots=True)
class BrokerDoors:
    """What a broker needs of the world; ``leases`` are opened for one actor."""

    clock: Clock
    random: Random
    jwks: FreshJwks
    book: BrokerBook
    leases: Callable[[str], LeaseDoors]
    meter: Meter


class Refused(Denied):
    """What policy, or a missing approval, refused; the caller learns the ``code`` and nothing else.

    ``request`` is what persons are asked to approve, if that is what is missing.
    """

    def __init__(self, what: str, code: str = "denied", request: bytes = b"") -> None:
        super().__init__(what)
        self.code, self.request = code, request


def trusted_issuer(url: str, kind: str, algorithms: Sequence[str] = ("RS256",), *, before_18_4: bool = False) -> Issuer:
    """Return an issuer of one of the kinds we know."""
    return Issuer(url, TABLES[kind], frozenset(algorithms), before_18_4)


def limits_for(identity: JobIdentity, repository: str, job: str, rates: Rates) -> tuple[Limit, ...]:
    """Return what a request of a job is counted in."""
    return (
        Limit(f"issuer:{identity.issuer}", rates.issuer, _MINUTE),
        Limit(f"repository:{identity.issuer} {repository}", rates.repository, _MINUTE),
        Limit(f"job:{job}", rates.job, _MINUTE),
    )


def refusals(refused: Sequence[tuple[str, str]], actor: str, terms: BrokerTerms, doors: BrokerDoors, action: str) -> list[AuditEvent]:
    """Return the records of what was refused, each with its reason."""
    now = doors.clock.now()
    return [AuditEvent(now, actor, action, name[:128], "denied", why[:1000], terms.policy_digest) for name, why in refused]
