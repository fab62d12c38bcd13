# SPDX-License-Identifier: Apache-2.0
"""Keys made and found: audit, then the token, then the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.keys.lifecycle import apply, check_protects, settled, state_at
from pipeline_guard.keys.naming import AUDIT_KEY, STORE_KEY, checked_name, usage_for
from pipeline_guard.keys.period import GRACE, PERIOD, current, to_rotate, with_period
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyChange, KeyCommand, KeyEvent, KeyRecord, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import AuditSink, Clock, Importing, KeyLedger, KeyRegister, Keystore


@dataclass(frozen=True, slots=True)
class Period:
    """How long a new key protects, how long it goes on with a warning, and when it begins (in so long)."""

    use: timedelta = PERIOD
    grace: timedelta = GRACE
    begins_in: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class KeyDoors:
    """What key flows need."""

    actor: str
    clock: Clock
    keystore: Keystore
    register: KeyRegister
    ledger: KeyLedger
    audit: AuditSink


def create(name: str, key_type: str, usage: str, period: Period, *, doors: KeyDoors) -> KeyRecord:
    """Generate a key in the token; raise UsageError where the name is taken."""
    kind = KeyType(key_type)
    wanted = usage_for(kind, usage)
    if name in (STORE_KEY, AUDIT_KEY):
        raise UsageError(f"the name {name} is kept for the store's own key", "choose another name")
    if doors.register.key(checked_name(name, "key")) is not None:
        raise UsageError(f"the key {name} exists", f"choose another name, or: pipeline-guard keys rotate {name}")
    doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "key.create", name, "granted", f"type {kind.value}, usage {wanted.value}"))
    record = _begun(doors.keystore.create(name, 1, kind, wanted), period, doors.clock.now())
    doors.ledger.change([made(record, doors.actor, doors.clock.now(), f"type {kind.value}")], doors.clock.now())
    return record


def take_in(name: str, pem: Secret, token: Importing, *, doors: KeyDoors) -> KeyRecord:
    """Import a private RSA key, as a new key or the next version of an imported one; raise UsageError for what is none.

    Whoever made it may still have it: its history says "imported", and the file is the caller's to destroy.
    """
    now = doors.clock.now()
    versions = doors.ledger.versions(checked_name(name, "key"))
    if name in (STORE_KEY, AUDIT_KEY) or any(old.ref.usage is not KeyUsage.SIGN for old in versions):
        raise UsageError(f"the name {name} is not one for an imported key", "choose another name")
    number = versions[-1].ref.version + 1 if versions else 1
    doors.audit.write(AuditEvent(now, doors.actor, "key.import", name, "granted", f"version {number}, made elsewhere"))
    record = _begun(token.import_rsa(name, number, pem), Period(), doors.clock.now())
    retired = [_retired(old, record, now, doors) for old in versions if state_at(old, now) is KeyState.ACTIVE]
    doors.ledger.change([made(record, doors.actor, now, f"imported, type {record.ref.type.value}"), *retired], now)
    return record


def rotate(name: str, period: Period, *, doors: KeyDoors, why: str = "") -> KeyRecord:
    """Make the next version of a key: it protects from now on (or from ``period.begins_in`` on), the old ones only open or verify."""
    now = doors.clock.now()
    versions = doors.ledger.versions(name)
    if not versions:
        find(name, doors.register)
    newest = versions[-1]
    if newest.ref.type is KeyType.RSA_2048:
        raise UsageError(f"the key {name} was imported: it is not made here", f"pipeline-guard keys import {name} --from-file NEW.pem")
    if state_at(newest, now) is KeyState.PRE_ACTIVATION:
        raise Denied(f"version {newest.ref.version} of key {name} is waiting to become active", f"pipeline-guard keys activate {name}")
    doors.audit.write(AuditEvent(now, doors.actor, "key.rotate", name, "granted", f"version {newest.ref.version + 1}; {why}".rstrip("; ")))
    fresh = doors.keystore.create(name, newest.ref.version + 1, newest.ref.type, newest.ref.usage)
    record = _begun(fresh, period, doors.clock.now())
    retired = [_retired(old, record, now, doors) for old in versions if state_at(old, now) is KeyState.ACTIVE]
    doors.ledger.change([made(record, doors.actor, now, why or "rotation"), *retired], now)
    return record


def rotate_due(period: Period, *, doors: KeyDoors) -> list[KeyRecord]:
    """Rotate every key whose cryptoperiod ends within the notice; return the new versions."""
    due = [record for record in to_rotate(doors.register.all_keys(), doors.clock.now()) if record.ref.type is not KeyType.RSA_2048]
    return [rotate(record.ref.name, period, doors=doors, why="its cryptoperiod ends") for record in due]


def find(name: str, register: KeyRegister) -> KeyRecord:
    """Return the newest version of a key; raise UsageError naming the keys there are."""
    record = register.key(name)
    if record is None:
        names = sorted({known.ref.name for known in register.all_keys()})
        listed = ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
        raise UsageError(f"no key is called {name[:60]!r}", f"there are: {listed}" if names else "pipeline-guard keys create NAME")
    return record


def chosen(name: str, version: int | None, register: KeyRegister) -> KeyRecord:
    """Return a version of a key, the newest where none is named; raise UsageError where there is none."""
    newest = find(name, register)
    if version is None:
        return newest
    record = register.key(name, version)
    if record is None:
        raise UsageError(f"key {name} has no version {version}", f"its newest is {newest.ref.version}")
    return record


def protecting(name: str, now: datetime, ledger: KeyLedger) -> KeyRecord | None:
    """Return the version that signs or wraps at this moment, None where there is no such key; raise Denied where none may."""
    record = current(ledger.versions(name), now)
    if record is not None:
        check_protects(record, now)
    return record


def public_half(name: str, version: int | None, register: KeyRegister) -> str:
    """Return the public half as PEM; raise UsageError for a key that has none."""
    record = chosen(name, version, register)
    if not record.public_pem:
        raise UsageError(f"the key {name} has no public half", "only signing keys have one")
    return record.public_pem


def every(register: KeyRegister, now: datetime) -> Sequence[KeyRecord]:
    """Return every key's record, each in its state of this moment."""
    return [settled(record, now) for record in register.all_keys()]


def first_version(record: KeyRecord, now: datetime) -> KeyRecord:
    """Return a new key's record with the default cryptoperiod, from now on."""
    return _begun(record, Period(), now)


def made(record: KeyRecord, actor: str, now: datetime, why: str) -> KeyChange:
    """Return the change that a new key is."""
    event = KeyEvent(record.ref.name, record.ref.version, now, KeyCommand.CREATE, None, record.state, actor, why)
    return KeyChange(None, record, event)


def _begun(record: KeyRecord, period: Period, now: datetime) -> KeyRecord:
    begun = with_period(record, now + period.begins_in, period.use, period.grace)
    return replace(begun, state=KeyState.PRE_ACTIVATION) if period.begins_in else begun


def _retired(old: KeyRecord, new: KeyRecord, now: datetime, doors: KeyDoors) -> KeyChange:
    """End the old version: at once, or on the day the new one begins."""
    why = f"superseded by version {new.ref.version}"
    if new.state is KeyState.PRE_ACTIVATION and new.activates is not None:
        after = replace(settled(old, now), stops=new.activates, expires=new.activates, revision=old.revision + 1)
        why += f" on {new.activates:%Y-%m-%d}"
    else:
        after = apply(old, KeyCommand.EXPIRE, now)
    event = KeyEvent(old.ref.name, old.ref.version, now, KeyCommand.EXPIRE, old.state, after.state, doors.actor, why)
    return KeyChange(old, after, event)
