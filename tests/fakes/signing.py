# SPDX-License-Identifier: Apache-2.0
"""Small doors for signing: a clock that stands, a register and an audit log in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.adapters.oci.layout import Layout
from pipeline_guard.adapters.oci.login import find_login
from pipeline_guard.adapters.oci.registry import Registry
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.flows.sign import SignDoors
from pipeline_guard.flows.verify import VerifyDoors
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord
from pipeline_guard.model.image import LAYOUT, ImageReference
from pipeline_guard.model.key import KeyChange, KeyEvent, KeyRecord, KeyRef, KeyType, KeyUsage


class StandingClock:
    """Always the same minute."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class MemoryState:
    """A key register and an audit log; ``broken`` makes the log unavailable."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}
        self.events: list[AuditEvent] = []
        self.past: list[KeyEvent] = []
        self.older: list[KeyRecord] = []
        self.broken = False

    def add_key(self, record: KeyRecord) -> None:
        if record.ref.name in self.records:
            raise UsageError("exists")
        self.records[record.ref.name] = record

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        return self.records.get(name)

    def versions(self, name: str) -> Sequence[KeyRecord]:
        older = [record for record in self.older if record.ref.name == name]
        return [*older, self.records[name]] if name in self.records else []

    def history(self, name: str) -> Sequence[KeyEvent]:
        return [event for event in self.past if event.name == name]

    def change(self, changes: Sequence[KeyChange], now: datetime, nonce: str = "") -> None:
        raise Unavailable("nothing changes here")

    def all_keys(self) -> Sequence[KeyRecord]:
        return list(self.records.values())

    def write(self, event: AuditEvent) -> AuditRecord:
        if self.broken:
            raise Unavailable("the audit log is not available")
        self.events.append(event)
        return AuditRecord.linked(len(self.events), FIRST, event)


class CountingToken(SoftwareToken):
    """A token that remembers how often it signed."""

    signatures = 0

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        self.signatures += 1
        return super().sign(key, message)

    def material(self, key: KeyRef) -> Any:
        """Give the private key to foreign software, which no real token does."""
        return self._material(key, KeyUsage.SIGN)


def opened(reference: ImageReference) -> Layout | Registry:
    """Open images as the command line does."""
    if reference.transport == LAYOUT:
        return Layout(reference.place, LocalFiles())
    return Registry(reference, partial(find_login, environ=os.environ))


class SigningPlace:
    """A token with one signing key called "signing", its state, and the doors of sign and verify to the real files."""

    def __init__(self) -> None:
        self.token = CountingToken(StandingClock())
        self.state = MemoryState()
        self.key = self.token.create("signing", 1, KeyType.EC_P256, KeyUsage.SIGN)
        self.state.add_key(self.key)
        self.sign_doors = SignDoors(StandingClock(), LocalFiles(), LocalTree(), lambda: self.token, lambda: self.state, opened)
        self.verify_doors = VerifyDoors(LocalFiles(), LocalTree(), StandingClock(), images=opened)
