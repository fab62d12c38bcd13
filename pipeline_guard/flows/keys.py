# SPDX-License-Identifier: Apache-2.0
"""Keys: audit, then the token, then the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_guard.errors import UsageError
from pipeline_guard.keys.naming import STORE_KEY, checked_name, usage_for
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType
from pipeline_guard.ports import AuditSink, Clock, KeyRegister, Keystore


@dataclass(frozen=True, slots=True)
class KeyDoors:
    """What key flows need."""

    actor: str
    clock: Clock
    keystore: Keystore
    register: KeyRegister
    audit: AuditSink


def create(name: str, key_type: str, usage: str, *, doors: KeyDoors) -> KeyRecord:
    """Generate a key in the token; raise UsageError where the name is taken."""
    kind = KeyType(key_type)
    wanted = usage_for(kind, usage)
    if name == STORE_KEY:
        raise UsageError(f"the name {name} is kept for the store's own wrapping key", "choose another name")
    if doors.register.key(checked_name(name, "key")) is not None:
        raise UsageError(f"the key {name} exists", "choose another name")
    doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "key.create", name, "granted", f"type {kind.value}, usage {wanted.value}"))
    record = doors.keystore.create(name, 1, kind, wanted)
    doors.register.add_key(record)
    return record


def find(name: str, register: KeyRegister) -> KeyRecord:
    """Return a key's record; raise UsageError naming the keys there are."""
    record = register.key(name)
    if record is None:
        names = sorted({known.ref.name for known in register.all_keys()})
        raise UsageError(
            f"no key is called {name[:60]!r}", f"there are: {', '.join(names)}" if names else "pipeline-guard keys create NAME"
        )
    return record


def public_half(name: str, register: KeyRegister) -> str:
    """Return the public half as PEM; raise UsageError for a key that has none."""
    record = find(name, register)
    if not record.public_pem:
        raise UsageError(f"the key {name} has no public half", "only signing keys have one")
    return record.public_pem


def every(register: KeyRegister) -> Sequence[KeyRecord]:
    """Return every key's record."""
    return register.all_keys()
