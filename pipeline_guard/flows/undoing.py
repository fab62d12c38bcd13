# SPDX-License-Identifier: Apache-2.0
"""What engines make for jobs, and its end: audit, make, seal the handle; at the end: record, undo, record; retried until it is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.flows.secrets import find, open_row
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.lease.retry import HOLD, next_try
from pipeline_guard.model.dynamic import Due, Ended, EngineKey, Failure, Made, SealedHandle, Wish
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRef, KeyState, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import AuditSink, Clock, Engine, Foreseeing, KeyLedger, Keystore, MadeBook, Random, SecretStore, Signer, Wrapper
from pipeline_guard.seal.envelope import KEY_BYTES, NONCE_BYTES, close, disclose
from pipeline_guard.seal.handle import handle_data
from pipeline_guard.seal.terms import check_usable


class KeyToken(Keystore, Signer, Protocol):
    """The token's part in an engine."""


@dataclass(frozen=True, slots=True)
class UndoDoors:
    """What undoing needs; token and engines are opened only where there is something to undo."""

    actor: str
    clock: Clock
    engine: Callable[[str], Engine]  # by the name of the secret; raises UsageError where the configuration has none
    wrapper: Callable[[], Wrapper]
    book: MadeBook
    audit: AuditSink


@dataclass(frozen=True, slots=True)
class EngineDoors:
    """What making needs on top of undoing: which names are engines', the key that handles are sealed under, and engines' longest lives."""

    names: frozenset[str]
    key: Callable[[], KeyRef]
    random: Random
    undo: UndoDoors
    longest: Mapping[str, timedelta] = field(default_factory=dict)


def make(lease: Lease, given: Mapping[str, str], claims: Mapping[str, str], *, doors: EngineDoors) -> tuple[Lease, Secret]:
    """Make what a lease promises; its record is written, and so is the lease. Return the lease as it became, and the value.

    Whatever fails, nothing made stays behind unknown: the handle is kept before, where the engine foresees it, and used at once
    where it cannot be kept.
    """
    undo = doors.undo
    engine = undo.engine(lease.engine)
    wish = Wish(lease.secret, lease.id, lease.holder, lease.expires, claims, given)
    if isinstance(engine, Foreseeing):
        undo.book.keep_made(lease, _sealed(lease, engine.handle(wish), doors))
    made = engine.make(wish)
    known = replace(
        lease,
        expires=min(made.expires, lease.expires) if made.revocable else made.expires,
        revocable=made.revocable,
        about=made.about[:256],
    )
    try:
        if not undo.book.keep_made(known, _sealed(known, made.handle, doors) if made.revocable and len(made.handle) else None):
            raise Unavailable(f"the lease of {lease.secret} was ended while its value was made", "ask again, if the job still runs")
        end = f"until {known.expires.isoformat(timespec='seconds')}{'' if made.revocable else ', cannot be revoked'}"
        undo.audit.write(_event(known, undo, undo.clock.now(), "secret.made", "done", f"{known.about}; {end}"))
    except GuardError:
        _undo_at_once(engine, made)
        raise
    return known, made.value


def undo_due(holder: str = "", *, doors: UndoDoors, most: int = 1000) -> Ended:
    """Undo what has ended or expired, of one holder or of all; what fails waits for its next try. Never raises for a single failure."""
    undone: list[Lease] = []
    failed: list[Failure] = []
    while len(undone) + len(failed) < most:
        now = doors.clock.now()
        taken = doors.book.take_due(now, now + HOLD, holder)
        if not taken:
            break
        for due in taken:
            failure = _undo(due, doors)
            if failure is None:
                undone.append(due.lease)
            else:
                failed.append(failure)
    return Ended(undone=tuple(undone), failed=tuple(failed))


def open_for_engine(name: str, engine: str, wrapper: Wrapper, store: SecretStore, audit: AuditSink, *, actor: str, clock: Clock) -> Secret:
    """Return the stored credential that an engine works with, its use recorded first."""
    row = check_usable(find(name, store), clock.now())
    audit.write(AuditEvent(clock.now(), actor, "secret.use", row.name, "granted", f"version {row.version} by engine {engine}"))
    return open_row(row, wrapper)


def engine_key(named: str, token: KeyToken, ledger: KeyLedger, clock: Clock) -> EngineKey:
    """Return the key of the token that an engine signs with; raise UsageError where there is none, Denied where it may not sign."""
    record = token.describe(named) if named.startswith("pkcs11:") else current(ledger.versions(named), clock.now())
    if record is None:
        raise UsageError(f"no key called {named[:60]}, which an engine signs with", f"make it: pipeline-guard keys create {named[:60]}")
    reference = record.ref
    if reference.usage is not KeyUsage.SIGN:
        raise Denied(f"key {reference.name} may not sign: it was created to {reference.usage.value}", "name a signing key")
    check_protects(record, clock.now())
    return EngineKey(reference.name, reference.type, record.public_pem, lambda message: token.sign(reference, message))


def issuer_keys(named: str, ledger: KeyLedger) -> Sequence[EngineKey]:
    """Return every version of a key that JWTs may still be verified with, for the documents of an issuer; these only verify.

    A version is published before it begins, so that others know it in time; one that is compromised or destroyed is not.
    """

    def refuse(_message: bytes) -> bytes:
        raise Denied("a published key only verifies")

    known = [each for each in ledger.versions(named) if each.state not in (KeyState.COMPROMISED, KeyState.DESTROYED)]
    return [EngineKey(each.ref.name, each.ref.type, each.public_pem, refuse) for each in known if each.ref.usage is KeyUsage.SIGN]


def _undo(due: Due, doors: UndoDoors) -> Failure | None:
    """Undo one; the record of the outcome is written with the mark that it is settled."""
    lease = due.lease
    if due.handle is None:  # a process died while it made this, and nobody knows how far it came
        why = f"{lease.id}: it is not known whether anything was made; it ends by itself"
        doors.book.settle(due, _event(lease, doors, doors.clock.now(), "secret.undo", "unknown", why), None)
        return None
    try:
        doors.engine(lease.engine).undo(_opened(lease, due.handle, doors.wrapper()))
    except GuardError as error:
        now = doors.clock.now()
        again = next_try(due.tried, now)
        why = f"try {due.tried}: {error.what}"
        doors.book.settle(due, _event(lease, doors, now, "secret.undo", "failed", why), again)
        return Failure(lease, error.what, again)
    doors.book.settle(due, _event(lease, doors, doors.clock.now(), "secret.undo", "done", lease.about or lease.id), None)
    return None


def _undo_at_once(engine: Engine, made: Made) -> None:
    """Take back what could not be written down; what cannot be taken back either, ends by itself."""
    if made.revocable and len(made.handle):
        try:
            engine.undo(made.handle)
        except GuardError:
            return


def _event(lease: Lease, doors: UndoDoors, now: datetime, action: str, outcome: str, why: str) -> AuditEvent:
    return AuditEvent(now, doors.actor, action, lease.secret, outcome, why[:1000])


def _sealed(lease: Lease, handle: Secret, doors: EngineDoors) -> SealedHandle:
    key = doors.key()
    data_key = Secret(doors.random.bytes(KEY_BYTES))
    ciphertext = close(data_key, handle, doors.random.bytes(NONCE_BYTES), handle_data(lease, key, "value"))
    return SealedHandle(key, doors.undo.wrapper().wrap(key, data_key, handle_data(lease, key, "key")), ciphertext)


def _opened(lease: Lease, handle: SealedHandle, wrapper: Wrapper) -> Secret:
    key = handle.wrapping_key
    if key.id == "":
        raise IntegrityError("the stored row of a lease is damaged", "restore the store from a backup")
    data_key = wrapper.unwrap(key, handle.wrapped_key, handle_data(lease, key, "key"))
    return disclose(data_key, handle.ciphertext, handle_data(lease, key, "value"))
