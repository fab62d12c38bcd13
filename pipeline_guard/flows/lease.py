# SPDX-License-Identifier: Apache-2.0
"""run, inject and revoke: grant, audit, lease, open, hand out, end; in that order and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.errors import Denied, NothingToDo, UsageError
from pipeline_guard.flows.secrets import find, open_row
from pipeline_guard.lease.grant import checked, lease_for, pinned
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.lease import Binding, Finished, Injected, Injection, Lease
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.ports import Clock, LeaseBook, Process, Random, SecretStore, Wrapper
from pipeline_guard.seal.terms import check_usable, usable_until


@dataclass(frozen=True, slots=True)
class LeaseDoors:
    """What handing out needs."""

    actor: str
    clock: Clock
    random: Random
    wrapper: Wrapper
    store: SecretStore
    leases: LeaseBook


def grant(bindings: Sequence[Binding], holder: str, *, doors: LeaseDoors) -> Injection:
    """Return what ``holder`` is granted; every record is written before any value is opened."""
    now = doors.clock.now()
    rows = [(checked(binding), _usable(binding, now, doors)) for binding in bindings]
    leases, events = [], []
    for binding, row in rows:
        lease = lease_for(
            binding, row.name, row.version, identifier=doors.random.bytes(16).hex(), holder=holder, now=now, until=usable_until(row)
        )
        why = f"version {row.version} as {binding.variable} until {lease.expires.isoformat(timespec='seconds')}"
        events.append(AuditEvent(now, doors.actor, "secret.lease", row.name, "granted", why))
        leases.append(lease)
    doors.leases.issue(leases, events)  # raises Unavailable: no record, no secret
    values = [Injected(binding.variable, open_row(row, doors.wrapper), binding.delivery) for binding, row in rows]
    return Injection(tuple(leases), tuple(values))


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


def run(command: Sequence[str], bindings: Sequence[Binding], *, doors: LeaseDoors, process: Process) -> int:
    """Run ``command`` with exactly the granted values; its leases end with it, whatever happens. Returns its exit code."""
    holder = f"run:{doors.random.bytes(8).hex()}"
    try:
        injection = grant(bindings, holder, doors=doors)
        finished = process.run(command, injection)
        _note_hidden(injection, finished, doors)
        return finished.code
    finally:
        _revoke(holder, doors)


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


def revoke(holder: str, *, actor: str, clock: Clock, leases: LeaseBook) -> Sequence[Lease]:
    """End every lease of ``holder``; a second call finds none and that is fine."""
    now = clock.now()
    return leases.end(holder, now, lambda lease: AuditEvent(now, actor, "secret.revoke", lease.secret, "done", f"version {lease.version}"))


def _revoke(holder: str, doors: LeaseDoors) -> None:
    revoke(holder, actor=doors.actor, clock=doors.clock, leases=doors.leases)


def inject(bindings: Sequence[Binding], holder: str, *, doors: LeaseDoors) -> Injection:
    """Return what a job's later steps are granted; raise NothingToDo where the configuration binds nothing."""
    if not bindings:
        raise NothingToDo("the configuration binds no secret", "name them under secrets: in .pipeline-guard.yml")
    return grant(bindings, holder, doors=doors)
