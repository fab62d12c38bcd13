# SPDX-License-Identifier: Apache-2.0
"""run, inject and revoke: grant, audit, lease, open or make, hand out, end; in that order and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline_guard.errors import Denied, GuardError, NothingToDo, UsageError
from pipeline_guard.flows.secrets import find, open_row
from pipeline_guard.flows.undoing import EngineDoors, UndoDoors, make, undo_due
from pipeline_guard.lease.grant import checked, lease_for, pinned
from pipeline_guard.model.dynamic import Ended
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.lease import Binding, Finished, Injected, Injection, Lease
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock, LeaseBook, Process, Random, SecretStore, Wrapper
from pipeline_guard.seal.terms import check_usable, usable_until


@dataclass(frozen=True, slots=True)
class LeaseDoors:
    """What handing out needs; ``engines`` where the configuration has any."""

    actor: str
    clock: Clock
    random: Random
    wrapper: Wrapper
    store: SecretStore
    leases: LeaseBook
    engines: EngineDoors | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """One lease before it is written: what announces it, and where its value comes from (a row, or its engine)."""

    binding: Binding
    lease: Lease
    event: AuditEvent
    row: SealedSecret | None


def grant(bindings: Sequence[Binding], holder: str, *, doors: LeaseDoors, claims: Mapping[str, str] | None = None) -> Injection:
    """Return what ``holder`` is granted; every record is written before any value is opened or made.

    ``claims`` are the verified ones of a job. Raises what engines raise, having ended and undone all of this call.
    """
    promises = prepare(bindings, holder, doors=doors)
    doors.leases.issue([each.lease for each in promises], [each.event for each in promises])  # Unavailable: no record, no secret
    return fulfil(promises, doors=doors, claims=claims or {})


def prepare(bindings: Sequence[Binding], holder: str, *, doors: LeaseDoors) -> Sequence[Promise]:
    """Return the leases of bindings and the records that announce them, nothing of which is written yet."""
    now = doors.clock.now()
    return [_promise(checked(binding), holder, now, doors) for binding in bindings]


def fulfil(promises: Sequence[Promise], *, doors: LeaseDoors, claims: Mapping[str, str]) -> Injection:
    """Open or make the values of leases that are written; a failure ends and undoes all that their holder has, for nobody gets it."""
    leases: list[Lease] = []
    values: list[Injected] = []
    try:
        for each in promises:
            lease, value = _value(each, doors, claims)
            leases.append(lease)
            values.append(Injected(each.binding.variable, value, each.binding.delivery))
    except GuardError:
        if doors.engines is not None:
            for holder in {each.lease.holder for each in promises}:
                revoke(holder, actor=doors.actor, clock=doors.clock, leases=doors.leases, undo=doors.engines.undo)
        raise
    return Injection(tuple(leases), tuple(values))


def _promise(binding: Binding, holder: str, now: datetime, doors: LeaseDoors) -> Promise:
    row, until, source = None, None, f"made by engine {binding.secret}"
    name, version = binding.secret, 0
    if doors.engines is None or name not in doors.engines.names:
        row = _usable(binding, now, doors)
        name, version, until, source = row.name, row.version, usable_until(row), f"version {row.version}"
    else:
        binding = replace(binding, lifetime=min(binding.lifetime, doors.engines.longest.get(name, binding.lifetime)))
    lease = lease_for(binding, name, version, identifier=doors.random.bytes(16).hex(), holder=holder, now=now, until=until)
    if row is None:
        lease = replace(lease, engine=name)
    why = f"{source} as {binding.variable} until {lease.expires.isoformat(timespec='seconds')}"
    return Promise(binding, lease, AuditEvent(now, doors.actor, "secret.lease", name, "granted", why), row)


def _value(promise: Promise, doors: LeaseDoors, claims: Mapping[str, str]) -> tuple[Lease, Secret]:
    if promise.row is not None or doors.engines is None:
        row = promise.row or find(promise.lease.secret, doors.store)
        return promise.lease, open_row(row, doors.wrapper)
    return make(promise.lease, dict(promise.binding.given), claims, doors=doors.engines)


def _usable(binding: Binding, now: datetime, doors: LeaseDoors) -> SealedSecret:
    """Return the version that a binding means; one that must not be handed out is denied on record."""
    name, version = pinned(binding)
    row = find(name, doors.store)
    if version is not None and version != row.version:
        older = doors.store.get(name, version)
        if older is None:
            raise UsageError(f"the secret {name[:60]} has no version {version}", f"its newest is {row.version}")
        row = older
    try:
        return check_usable(row, now)
    except Denied as denied:
        doors.leases.issue([], [AuditEvent(now, doors.actor, "secret.lease", row.name, "denied", denied.what)])
        raise


def run(
    command: Sequence[str],
    bindings: Sequence[Binding],
    *,
    doors: LeaseDoors,
    process: Process,
    told: Callable[[Ended], None] = lambda _ended: None,
) -> int:
    """Run ``command`` with exactly the granted values; its leases end with it, whatever happens. Returns its exit code.

    ``told`` hears what became of the leases, whatever happens.
    """
    holder = f"run:{doors.random.bytes(8).hex()}"
    try:
        injection = grant(bindings, holder, doors=doors)
        finished = process.run(command, injection)
        _note_hidden(injection, finished, doors)
        return finished.code
    finally:
        undo = doors.engines.undo if doors.engines else None
        told(revoke(holder, actor=doors.actor, clock=doors.clock, leases=doors.leases, undo=undo))


def _note_hidden(injection: Injection, finished: Finished, doors: LeaseDoors) -> None:
    """Write down how often a command printed what it was given: never where, never the value."""
    now = doors.clock.now()
    counted = zip(injection.leases, finished.hidden, strict=False)
    events = [
        AuditEvent(now, doors.actor, "secret.hidden", lease.secret, "done", f"{count} times in the command's output")
        for lease, count in counted
        if count
    ]
    if events:
        doors.leases.issue([], events)


def revoke(holder: str, *, actor: str, clock: Clock, leases: LeaseBook, undo: UndoDoors | None = None) -> Ended:
    """End every lease of ``holder`` and undo what engines made for it; a second call finds none, or tries again what failed."""
    now = clock.now()
    ended = leases.end(holder, now, lambda lease: _ended(lease, now, actor))
    known = Ended(ended=tuple(ended), expiring=tuple(lease for lease in ended if not lease.revocable))
    if undo is None:
        return known
    worked = undo_due(holder, doors=undo)
    return replace(known, undone=worked.undone, failed=worked.failed)


def sweep(*, undo: UndoDoors) -> Ended:
    """Undo what expired, what was left by processes that died, and what failed before and is due again. For a regular call."""
    return undo_due(doors=undo)


def _ended(lease: Lease, now: datetime, actor: str) -> AuditEvent:
    """Return the record of a lease that ends; what an engine made is gone only with a record of its own."""
    if not lease.engine:
        return AuditEvent(now, actor, "secret.revoke", lease.secret, "done", f"version {lease.version}")
    why = lease.about or lease.id
    if not lease.revocable:
        why += f" cannot be revoked: it expires at {lease.expires.isoformat(timespec='seconds')}"
    return AuditEvent(now, actor, "secret.revoke", lease.secret, "granted" if lease.revocable else "done", why)


def inject(bindings: Sequence[Binding], holder: str, *, doors: LeaseDoors) -> Injection:
    """Return what a job's later steps are granted; raise NothingToDo where the configuration binds nothing."""
    if not bindings:
        raise NothingToDo("the configuration binds no secret", "name them under secrets: in .pipeline-guard.yml")
    return grant(bindings, holder, doors=doors)
