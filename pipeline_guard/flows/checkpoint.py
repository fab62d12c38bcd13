# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the audit log: signed in the token, kept beside the log, the last one remembered by the token."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from pipeline_guard.audit.check import INTERVAL
from pipeline_guard.errors import UsageError
from pipeline_guard.flows.keys import first_version, made, protecting
from pipeline_guard.keys.naming import AUDIT_KEY
from pipeline_guard.model.event import AuditEvent, Checkpoint
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage
from pipeline_guard.ports import Anchor, AuditSink, Checkpoints, Clock, KeyLedger, Keystore, Signer


class CheckpointToken(Keystore, Signer, Anchor, Protocol):
    """The token's part in checkpoints."""


@dataclass(frozen=True, slots=True)
class CheckpointDoors:
    """What a checkpoint needs."""

    actor: str
    clock: Clock
    token: CheckpointToken
    ledger: KeyLedger
    audit: AuditSink
    checkpoints: Checkpoints


def checkpoint(kind: str = "running", *, doors: CheckpointDoors) -> Checkpoint:
    """Sign how far the log is, keep it, and let the token remember it. The key is made at first need, on record."""
    key = _key(doors)
    head = doors.checkpoints.head()
    unsigned = Checkpoint(head.seq, head.hash, doors.clock.now(), kind, f"{key.ref.name}/{key.ref.version}")
    signature = base64.b64encode(doors.token.sign(key.ref, unsigned.message())).decode("ascii")
    signed = replace(unsigned, signature=signature)
    if kind == "running":
        doors.checkpoints.keep(signed)
    doors.token.anchor(head.store, head.seq, head.hash)
    return signed


def checkpoint_if_due(*, doors: CheckpointDoors) -> None:
    """Make a checkpoint where enough records were written since the last one."""
    head = doors.checkpoints.head()
    if head.seq - head.vouched >= INTERVAL:
        checkpoint(doors=doors)


def public_keys(ledger: KeyLedger) -> Collection[str]:
    """Return the public halves of every version of the audit key as PEM."""
    return _Published(ledger)


class _Published(Collection[str]):
    """Looked up when the first checkpoint is there to be verified: another process may make key and checkpoint just now."""

    def __init__(self, ledger: KeyLedger) -> None:
        self._ledger = ledger

    @cached_property
    def _known(self) -> Sequence[str]:
        return [record.public_pem for record in self._ledger.versions(AUDIT_KEY)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: object) -> bool:
        return key in self._known


def _key(doors: CheckpointDoors) -> KeyRecord:
    now = doors.clock.now()
    record = protecting(AUDIT_KEY, now, doors.ledger)
    if record is not None:
        return record
    doors.audit.write(AuditEvent(now, doors.actor, "key.create", AUDIT_KEY, "granted", "signing key of the audit log"))
    try:
        record = first_version(doors.token.create(AUDIT_KEY, 1, KeyType.EC_P256, KeyUsage.SIGN), now)
        doors.ledger.change([made(record, doors.actor, now, "signing key of the audit log")], now)
    except UsageError:  # another process was faster; its key is the one
        record = protecting(AUDIT_KEY, now, doors.ledger)
        if record is None:
            raise
    return record
