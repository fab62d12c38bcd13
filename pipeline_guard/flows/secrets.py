# SPDX-License-Identifier: Apache-2.0
"""Secrets: sealed under a data key of their own, which is wrapped in the token; audit before effect."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.keys import first_version, made, protecting
from pipeline_guard.keys.naming import STORE_KEY, checked_name
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import AuditSink, Clock, KeyLedger, KeyRegister, Keystore, Random, SecretRemoval, SecretStore, Wrapper
from pipeline_guard.seal.envelope import KEY_BYTES, NONCE_BYTES, associated_data, close, disclose

LIMIT = 64 * 1024  # bytes; larger things are files, to be sealed as such


@dataclass(frozen=True, slots=True)
class SecretDoors:
    """What secret flows need."""

    actor: str
    clock: Clock
    random: Random
    keystore: Keystore
    wrapper: Wrapper
    register: KeyRegister
    ledger: KeyLedger
    store: SecretStore
    removal: SecretRemoval
    audit: AuditSink


def wrapping_key(*, doors: SecretDoors) -> KeyRecord:
    """Return the version of the store's key that wraps now, generating the first at first need; raise Denied where none may."""
    record = protecting(STORE_KEY, doors.clock.now(), doors.ledger)
    if record is None:
        doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "key.create", STORE_KEY, "granted", "wrapping key of the store"))
        try:
            record = first_version(doors.keystore.create(STORE_KEY, 1, KeyType.AES_256, KeyUsage.WRAP), doors.clock.now())
            doors.ledger.change([made(record, doors.actor, doors.clock.now(), "wrapping key of the store")], doors.clock.now())
        except UsageError:  # another process was faster; its key is the one
            record = doors.register.key(STORE_KEY)
            if record is None:
                raise
    return record


def put(name: str, value: Secret, *, doors: SecretDoors) -> SealedSecret:
    """Seal a new version of a secret; raise UsageError for an empty or too large value."""
    checked_name(name, "secret")
    if not len(value):
        raise NothingToDo("the value is empty", "give it on standard input, or with --from-file")
    if len(value) > LIMIT:
        raise UsageError(f"the value is larger than {LIMIT} bytes", "secrets are short; keep files elsewhere")
    key = wrapping_key(doors=doors)
    last = doors.store.get(name)
    version = last.version + 1 if last else 1
    now = doors.clock.now()
    doors.audit.write(AuditEvent(now, doors.actor, "secret.put", name, "granted", f"version {version}"))
    data_key = Secret(doors.random.bytes(KEY_BYTES))
    sealed = close(data_key, value, doors.random.bytes(NONCE_BYTES), associated_data(name, version, "secret"))
    wrapped = doors.wrapper.wrap(key.ref, data_key, associated_data(name, version, "data-key"))
    row = SealedSecret(name, version, now, key.ref, wrapped, sealed, len(value))
    doors.store.put(row)
    return row


def open_row(row: SealedSecret, wrapper: Wrapper) -> Secret:
    """Return the value of a row; raise IntegrityError if the row or its place was changed. Audit is the caller's."""
    data_key = wrapper.unwrap(row.wrapping_key, row.wrapped_key, associated_data(row.name, row.version, "data-key"))
    return disclose(data_key, row.ciphertext, associated_data(row.name, row.version, "secret"))


def find(name: str, store: SecretStore) -> SealedSecret:
    """Return the newest row of a secret; raise UsageError where there is none."""
    row = store.get(name)
    if row is None:
        raise UsageError(f"no secret is called {name[:60]!r}", f"pipeline-guard secrets put {name[:60]}")
    return row


def find_version(name: str, version: int, store: SecretStore) -> SealedSecret:
    """Return one version of a secret; raise UsageError where it is gone."""
    row = store.get(name, version)
    if row is None:
        raise UsageError(f"the secret {name[:60]} has no version {version} any more", "try again")
    return row


def remove(name: str, *, doors: SecretDoors) -> int:
    """Remove every version of a secret; raise UsageError where there is none."""
    find(name, doors.store)
    doors.audit.write(AuditEvent(doors.clock.now(), doors.actor, "secret.delete", name, "granted"))
    return doors.removal.delete(name)
