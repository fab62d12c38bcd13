# SPDX-License-Identifier: Apache-2.0
"""Doors for sealing: a token in memory with fixed wrapping keys, real files, a log that can break; and a file in memory."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.adapters.recording import MemoryState
from pipeline_guard.adapters.rehearsal import SoftwareToken, _Held
from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.adapters.terminal import SilentProgress
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import Unavailable
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.seal import SealDoors, SealRequest, rewrap, seal
from pipeline_guard.flows.unseal import UnsealDoors, UnsealRequest, read_range, unseal
from pipeline_guard.model.event import AuditEvent, AuditRecord
from pipeline_guard.model.key import KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from tests.fakes.signing import StandingClock


def wrapping_material(name: str, version: int) -> bytes:
    """Return the wrapping key that every place gives the same name and version."""
    return hashlib.sha256(f"pipeline-guard test {name}/{version}".encode()).digest()


class BreakableState(MemoryState):
    """A store whose log can become unavailable, and whose keys can change state."""

    broken = False

    def write(self, event: AuditEvent) -> AuditRecord:
        if self.broken:
            raise Unavailable("the audit log is not available")
        return super().write(event)

    def events(self) -> list[tuple[str, str, str]]:
        return [(record.event.action, record.event.outcome, record.event.why) for record in self._audit]

    def put_into(self, name: str, version: int, state: KeyState) -> None:
        self._keys[name, version] = dataclasses.replace(self._keys[name, version], state=state)


class SealingPlace:
    """A store and token with wrapping keys, and the doors of seal and unseal to the real files."""

    def __init__(self, *keys: str) -> None:
        self.token = SoftwareToken(StandingClock())
        self.state = BreakableState()
        streams = LocalStreams()
        unsealing = UnsealDoors(
            "user:ada",
            StandingClock(),
            streams,
            SilentProgress(),
            lambda: GovernedToken(self.token, self.state, StandingClock()),
            lambda: self.state,
        )
        self.doors = SealDoors(SystemRandom(), LocalFiles(), LocalTree(), unsealing)
        for name in keys or ("team-a", "team-b"):
            self.add(name)

    def add(self, name: str, version: int = 1) -> KeyRecord:
        identifier = hashlib.sha256(f"id of {name}/{version}".encode()).hexdigest()[:32]
        record = KeyRecord(
            KeyRef(name, version, KeyType.AES_256, KeyUsage.WRAP, identifier), KeyState.ACTIVE, StandingClock().now(), "none"
        )
        self.token._keys[identifier] = _Held(record, wrapping_material(name, version))
        self.state.add_key(record)
        return record

    def seal(self, path: str | Path, *keys: str, output: str | Path = "", force: bool = False) -> Path:
        return Path(seal(SealRequest(str(path), keys or ("team-a",), str(output), force), doors=self.doors).path)

    def rewrap(self, path: str | Path, *keys: str) -> tuple[str, ...]:
        return rewrap(str(path), keys, doors=self.doors).keys

    def unseal(self, path: str | Path, output: str | Path = "", *, force: bool = False, resume: bool = False) -> Path:
        return Path(unseal(UnsealRequest(str(path), str(output), force, resume), doors=self.doors.unseal))

    def part(self, path: str | Path, offset: int, length: int | None) -> bytes:
        found = bytearray()
        read_range(str(path), offset, length, found.extend, doors=self.doors.unseal)
        return bytes(found)


class MemoryReading:
    """A file in memory; ``touched`` remembers which offsets were read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.touched: list[int] = []

    def size(self) -> int:
        return len(self.content)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        self.touched.append(offset)
        piece = self.content[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def check(self) -> None:
        pass
