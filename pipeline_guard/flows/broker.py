# SPDX-License-Identifier: Apache-2.0
"""The broker: proof, identity, policy, approval, lease; in that order and no other. Renewal and the end of leases.

An identity token counts once: it is used up in the transaction that writes the leases, before any value is opened. A job whose answer
was lost may ask the same again for two minutes, with the same key; whoever else holds the token may not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, NothingToDo, Replayed, UsageError
from pipeline_guard.flows import lease as leasing
from pipeline_guard.flows.broker_approval import check_approved
from pipeline_guard.flows.broker_identity import Caller, begin, by_session, by_token
from pipeline_guard.flows.broker_terms import BrokerBook, BrokerDoors, BrokerTerms, Refused, limits_for, refusals
from pipeline_guard.lease.grant import LONGEST, checked, pinned
from pipeline_guard.model.event import AuditEvent, AuditRecord, canonical
from pipeline_guard.model.lease import Binding, Injection, Lease
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.session import Limit, Session, Use
from pipeline_guard.policy.decide import decide
from pipeline_guard.ports import LeaseBook

LEASES, RENEW = "/v1/leases", "/v1/leases/renew"
MOST = 64  # secrets in one request
_RETRY = timedelta(minutes=2)
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job asks for. ``token`` is its identity token, or its session's where ``is_session``; ``given`` goes to engines."""

    token: Secret
    is_session: bool
    proof: str
    bindings: tuple[Binding, ...]
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Granted:
    """What a job gets: its session (None where it has one), its leases and values, and the name under which they end together."""

    session: Secret | None
    ends: datetime
    grant: str
    injection: Injection


def lease(asked: Asked, *, terms: BrokerTerms, doors: BrokerDoors) -> Granted:
    """Return what policy grants, all of it or nothing.

    Raises IntegrityError (identity or proof), Refused (policy, approvals), Throttled, UsageError, Unavailable.
    """
    if len(asked.bindings) > MOST:
        raise UsageError(f"more than {MOST} secrets in one request")
    bindings = [checked(binding) for binding in asked.bindings]
    if asked.is_session:
        caller = by_session(asked.token, asked.proof, "POST", LEASES, terms=terms, doors=doors)
    else:
        caller = by_token(asked.token, asked.proof, LEASES, terms=terms, doors=doors)
    now = doors.clock.now()
    uses = _decided(caller, bindings, terms, doors)
    check_approved(caller, sorted(uses), terms=terms, doors=doors)
    ends = caller.session.ends if caller.session else now + terms.longest
    sent = tuple(asked.given.items())
    bindings = [replace(binding, lifetime=min(binding.lifetime, ends - now, LONGEST), given=sent) for binding in bindings]
    grant = f"{caller.job}#{doors.random.bytes(6).hex()}"
    limits = limits_for(caller.identity, caller.repository, caller.job, terms.rates)
    counted = tuple(Limit(f"uses:{caller.job} {name}", most, LONGEST) for name, most in uses.items() if most)
    use = Use(caller.proof.id, caller.proof.until, now, (*limits, *counted), caller.job, grant)
    request = _digest(asked)
    secret = None if caller.session else Secret(base64.urlsafe_b64encode(doors.random.bytes(32)).rstrip(b"="))
    session = begin(caller, secret, request, now, terms) if secret else None
    own = doors.leases(caller.actor)
    once = _Once(doors.book, use, session, _repeats(caller, request, now), terms.policy_digest, request, own.leases)
    own = replace(own, leases=once)
    try:
        injection = leasing.grant(bindings, grant, doors=own, claims=caller.identity.claims) if bindings else once.empty()
    except Replayed as replayed:
        _note(caller, [("identity token", replayed.what)], terms, doors, "broker.replay")
        raise
    except (Denied, NothingToDo, UsageError) as missing:  # a name that is granted, and is not there: told like one that is not granted
        _note(caller, [(", ".join(sorted(uses)), missing.what)], terms, doors, "secret.lease")
        raise Refused(missing.what) from None
    for binding in bindings:
        doors.meter.add("leases_issued_total", binding.delivery.value)
    return Granted(secret, ends, grant.rpartition("#")[2], injection)


def renew(token: Secret, proof: str, lifetime: timedelta, *, terms: BrokerTerms, doors: BrokerDoors) -> Sequence[Lease]:
    """Let a job's open leases live on, at most as long as its session. Raises IntegrityError, Throttled, Unavailable."""
    caller = by_session(token, proof, "POST", RENEW, terms=terms, doors=doors)
    now = doors.clock.now()
    limits = limits_for(caller.identity, caller.repository, caller.job, terms.rates)
    doors.book.use(Use(caller.proof.id, caller.proof.until, now, limits, caller.job), [], [])
    until = now + lifetime
    if caller.session:
        until = min(until, caller.session.ends)

    def announce(found: Lease) -> AuditEvent:
        return AuditEvent(
            now, caller.actor, "secret.renew", found.secret, "granted", f"until {found.expires.isoformat(timespec='seconds')}"
        )

    return [each for holder in doors.book.grants(caller.job) for each in doors.book.extend(holder, until, now, announce)]


def revoke(token: Secret, proof: str, grant: str, hidden: Mapping[str, int], *, terms: BrokerTerms, doors: BrokerDoors) -> Sequence[Lease]:
    """End the leases of one ``grant``, or all of the job and its sessions with them. Idempotent; raises IntegrityError, Unavailable.

    ``hidden`` is how often the job saw each lease's value in its output: written down as what it says, of leases that end now.
    """
    caller = by_session(token, proof, "DELETE", LEASES, terms=terms, doors=doors, closing=True)
    ended = end_job(caller.job, caller.actor, doors=doors, grant=grant)
    now = doors.clock.now()
    counted = [(each, hidden[each.id]) for each in ended if each.id in hidden]
    if counted:
        doors.book.count((), [_hidden(lease, count, caller, now) for lease, count in counted], now)
    return ended


def _hidden(lease: Lease, count: int, caller: Caller, now: datetime) -> AuditEvent:
    why = f"{count} times in the command's output, says the job"
    return AuditEvent(now, caller.actor, "secret.hidden", lease.secret, "done", why)


def end_job(job: str, actor: str, *, doors: BrokerDoors, grant: str = "") -> Sequence[Lease]:
    """End the leases of one ``grant``, or all of the job and its sessions with them; return those that were open."""
    if not grant:
        doors.book.close(job)
    ending = [holder for holder in doors.book.grants(job) if not grant or holder == f"{job}#{grant}"]
    own = doors.leases(actor)
    undo = own.engines.undo if own.engines else None
    endings = [leasing.revoke(holder, actor=own.actor, clock=own.clock, leases=own.leases, undo=undo) for holder in ending]
    ended = [each for done in endings for each in done.ended]
    for _ in ended:
        doors.meter.add("leases_revoked_total")
    for _ in (failure for done in endings for failure in done.failed):  # tried again in the broker's rounds
        doors.meter.add("engine_undo_failed_total")
    return ended


@dataclass(slots=True)
class _Once:
    """A lease book that uses the identity token up with the first leases it writes, and marks records with policy and request."""

    book: BrokerBook
    use: Use
    session: Session | None
    may_repeat: Callable[[Session], bool]
    policy_digest: str
    request: str
    behind: LeaseBook
    done: bool = False

    def issue(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
        """Write leases and records; what has no lease is a refusal, and uses nothing up."""
        marked = [replace(event, policy_digest=self.policy_digest, request_digest=self.request) for event in events]
        if not leases or self.done:
            self.book.count((), marked, self.use.now)
            return ()
        self._use(leases, marked)
        return ()

    def empty(self) -> Injection:
        """Begin a session that leases nothing yet."""
        self._use((), ())
        return Injection((), ())

    def _use(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> None:
        if self.session is not None:
            self.book.redeem(self.session, self.use, leases, events, self.may_repeat)
        else:
            self.book.use(self.use, leases, events)
        self.done = True

    def end(self, holder: str, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """End leases, as the book behind does."""
        return self.behind.end(holder, now, announce)

    def open_leases(self, now: datetime) -> Sequence[Lease]:
        """Return what is open, as the book behind does."""
        return self.behind.open_leases(now)


def _decided(caller: Caller, bindings: Collection[Binding], terms: BrokerTerms, doors: BrokerDoors) -> dict[str, int]:
    """Return the granted names and how often each may be had; raise Refused where one is not granted, on record."""
    names = dict.fromkeys(pinned(binding)[0] for binding in bindings)
    _alarm(caller, names, terms, doors)
    decisions = [decide(terms.policy, caller.identity, name) for name in names]
    refused = [(each.secret, each.why) for each in decisions if not each.allowed]
    if refused:
        _note(caller, refused, terms, doors, "secret.lease")
        raise Refused(f"{refused[0][0][:60]}: {refused[0][1]}")
    return {each.secret: each.uses for each in decisions}


def _alarm(caller: Caller, names: Collection[str], terms: BrokerTerms, doors: BrokerDoors) -> None:
    """Record whoever touches a secret that nobody should ask for, granted or not."""
    for name in names:
        if name in terms.policy.canaries:
            doors.meter.add("canary_touched_total")  # without its name: whoever reads metrics must not learn what to avoid
            often = (Limit(f"canary:{caller.job} {name}", terms.rates.job, timedelta(minutes=1)),)
            why = f"a canary was asked for by {caller.identity.name}"
            doors.book.count(
                often, [AuditEvent(doors.clock.now(), caller.actor, "canary", name, "alarm", why, terms.policy_digest)], doors.clock.now()
            )


def _note(caller: Caller, refused: Sequence[tuple[str, str]], terms: BrokerTerms, doors: BrokerDoors, action: str) -> None:
    """Write down what was refused; whoever asks too often is told so instead."""
    doors.meter.add("requests_refused_total", action)
    limits = limits_for(caller.identity, caller.repository, caller.job, terms.rates)
    doors.book.count(limits, refusals(refused, caller.actor, terms, doors, action), doors.clock.now())


def _repeats(caller: Caller, request: str, now: datetime) -> Callable[[Session], bool]:
    """Return who may use an identity token again: the same key, asking the same, soon, and not for ever."""

    def judge(earlier: Session) -> bool:
        same = earlier.key == caller.proof.key and earlier.request == request and not earlier.closed
        return same and earlier.tries < _TRIES and now - earlier.issued < _RETRY

    return judge


def _digest(asked: Asked) -> str:
    fields: dict[str, object] = {
        "bindings": [[each.variable, each.secret, int(each.lifetime.total_seconds()), each.delivery.value] for each in asked.bindings],
        "given": dict(asked.given),
    }
    return hashlib.sha256(canonical(fields)).hexdigest()
