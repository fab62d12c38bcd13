# SPDX-License-Identifier: Apache-2.0
"""Doors that record instead of act: the dry-run's files, store, process and hand-over. Nothing leaves memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from pipeline_guard.adapters.memory_sessions import MemorySessions
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.boundary import Boundary
from pipeline_guard.model.dynamic import Due, SealedHandle
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord, Checkpoint, LogHead
from pipeline_guard.model.key import Dependents, KeyChange, KeyEvent, KeyIntent, KeyRecord
from pipeline_guard.model.lease import Finished, Injection, Lease, Target
from pipeline_guard.model.sealed import SealedSecret, SearchRow, SecretChange
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use, WatchedJob
from pipeline_guard.ports import Cache, Files, Patterns


class RealFiles(Files, Patterns, Protocol):
    """Files by path and by pattern."""


class RecordingFiles:
    """Reads the real files; keeps what would be written, and reads it back to later steps.

    Only below ``scratch``, the rehearsal's own folder, is anything really written: shells look for their files there.
    """

    def __init__(self, real: RealFiles, scratch: str = "") -> None:
        self._real = real
        self._scratch = scratch
        self.written: dict[str, bytes] = {}

    def read(self, path: str, limit: int) -> bytes:
        """Return what was written in this rehearsal, else the real content."""
        kept = self.written.get(os.path.abspath(path))
        if kept is None:
            return self._real.read(path, limit)
        if len(kept) > limit:
            raise UsageError(f"cannot read {path}: larger than {limit} bytes")
        return kept

    def write(self, path: str, content: bytes) -> None:
        """Keep ``content`` in memory."""
        whole = os.path.abspath(path)
        if self._scratch and os.path.realpath(whole).startswith(os.path.realpath(self._scratch) + os.sep):
            self._real.write(path, content)
            return
        self.written[whole] = content

    def kind(self, path: str) -> str:
        """Return the kind of a path as it would be."""
        return "file" if os.path.abspath(path) in self.written else self._real.kind(path)

    def matching(self, pattern: str) -> Sequence[str]:
        """Return the real files that match."""
        return self._real.matching(pattern)


class MemoryCache:
    """Reads a real cache and keeps what is new in memory."""

    def __init__(self, real: Cache) -> None:
        self._real = real
        self._kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """Return what was kept here, else what the real cache has."""
        return self._kept.get(name) or self._real.get(name)

    def put(self, name: str, content: bytes) -> None:
        """Keep ``content`` for the rest of the rehearsal."""
        self._kept[name] = content


@dataclass(slots=True)
class _Made:
    """What an engine made for a lease."""

    lease: Lease
    handle: SealedHandle | None = None
    tried: int = 0
    ends: datetime | None = None  # where it was ended before it expired
    next_try: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        waits = self.next_try is not None and self.next_try > now
        return self.lease.revocable and not waits and (self.ends or self.lease.expires) <= now


class MemoryState:
    """The store's doors over dictionaries; the same contract as the real one."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int], KeyRecord] = {}
        self._events: list[KeyEvent] = []
        self._boundaries: dict[str, Boundary] = {}
        self._nonces: set[str] = set()
        self._invocations: dict[tuple[str, int], int] = {}
        self._secrets: dict[tuple[str, int], SealedSecret] = {}
        self._searches: dict[tuple[str, int], SearchRow] = {}
        self._leases: list[Lease] = []
        self._made: dict[str, _Made] = {}
        self._intents: dict[str, KeyIntent] = {}
        self._files: dict[str, Sequence[tuple[str, int]]] = {}
        self._checkpoints: dict[int, Checkpoint] = {}
        self._audit: list[AuditRecord] = []
        self._sessions = MemorySessions()

    def redeem(
        self,
        session: Session,
        use: Use,
        leases: Sequence[Lease],
        events: Sequence[AuditEvent],
        may_repeat: Callable[[Session], bool],
    ) -> None:
        """Use an identity token up together with what it is used for."""
        self._sessions.redeem(session, use, may_repeat)
        self.issue(leases, events)

    def session(self, secret: str) -> Session | None:
        """Return the session of a token's digest."""
        return self._sessions.session(secret)

    def close(self, job: str) -> None:
        """Close every session of a job."""
        self._sessions.close(job)

    def use(self, use: Use, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> None:
        """Use a proof up together with what it is used for."""
        if leases:
            self._sessions.check_open(use.job)
        self._sessions.spend(use, max((use.until, *(lease.expires for lease in leases))))
        self.issue(leases, events)

    def count(self, limits: Sequence[Limit], events: Sequence[AuditEvent], now: datetime) -> None:
        """Count and write records."""
        self._sessions.count(limits, now)
        self.issue([], events)

    def grants(self, job: str) -> Sequence[str]:
        """Return the names under which the leases of a job are held."""
        return self._sessions.grants(job)

    def extend(self, holder: str, until: datetime, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Let the open leases of a holder live longer."""
        mine = [lease for lease in self._leases if lease.holder == holder and lease.expires > now and not lease.engine]
        longer = [replace(lease, expires=max(lease.expires, until)) for lease in mine]
        self._leases = [lease for lease in self._leases if lease not in mine] + longer
        for lease in longer:
            self.write(announce(lease))
        return longer

    def prune(self, now: datetime) -> int:
        """Forget what is over."""
        return self._sessions.prune(now)

    def take_jobs(self, prefix: str, since: datetime, now: datetime, until: datetime, most: int) -> Sequence[WatchedJob]:
        """Take jobs that are due."""
        return self._sessions.take_jobs(prefix, since, now, until, most)

    def ask_again(self, job: str, again: datetime, tried: int) -> None:
        """Keep when a job is due again."""
        self._sessions.ask_again(job, again, tried)

    def keep_approval(self, approval: StoredApproval) -> None:
        """Keep an approval."""
        self._sessions.keep_approval(approval)

    def approvals(self, topic: str, now: datetime) -> Sequence[StoredApproval]:
        """Return those on a topic that are not over."""
        return self._sessions.approvals(topic, now)

    def add_key(self, record: KeyRecord) -> None:
        """Keep a record; raise UsageError where it exists."""
        place = record.ref.name, record.ref.version
        if place in self._keys:
            raise UsageError(f"the key {record.ref.name} exists", "choose another name")
        self._keys[place] = record
        self._intents.pop(record.ref.id, None)

    def intend(self, intent: KeyIntent) -> None:
        """Keep that a key is about to be made."""
        self._intents[intent.ref.id] = intent

    def intents(self) -> Sequence[KeyIntent]:
        """Return what was begun and neither written down nor forgotten."""
        return sorted(self._intents.values(), key=lambda intent: (intent.begun, intent.ref.id))

    def forget(self, intent: KeyIntent) -> None:
        """Take an intent away."""
        self._intents.pop(intent.ref.id, None)

    def keep_file(self, file: str, keys: Sequence[tuple[str, int]], now: datetime) -> None:
        """Keep that exactly these keys open a file."""
        del now
        self._files[file] = keys

    def dependents(self, name: str, version: int) -> Dependents:
        """Return how much a version of a key still opens."""
        handles = [made.handle.wrapping_key for made in self._made.values() if made.handle and made.lease.revocable]
        secrets = self.count_under(name, version) + sum((key.name, key.version) == (name, version) for key in handles)
        return Dependents(secrets, sum((name, version) in keys for keys in self._files.values()))

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        """Return a record, the newest version where none is named."""
        found = [record for (known, number), record in sorted(self._keys.items()) if known == name and version in (None, number)]
        return found[-1] if found else None

    def all_keys(self) -> Sequence[KeyRecord]:
        """Return every record by name and version."""
        return [record for _, record in sorted(self._keys.items(), key=lambda item: item[0])]

    def versions(self, name: str) -> Sequence[KeyRecord]:
        """Return every version of a key, ascending."""
        return [record for record in self.all_keys() if record.ref.name == name]

    def change(self, changes: Sequence[KeyChange], now: datetime, nonce: str = "") -> None:
        """Write all changes or none."""
        del now
        if nonce in self._nonces:
            raise Denied("these approvals were used already", "make a new request, and have that approved")
        for each in changes:
            known = self._keys.get((each.after.ref.name, each.after.ref.version))
            if each.before is None and known is not None:
                raise UsageError(f"the key {each.after.ref.name} exists", "choose another name")
            if each.before is not None and (known is None or known.revision != each.before.revision):
                raise Unavailable(f"the key {each.after.ref.name} was just changed by somebody else", "look at it again: keys show")
        self._nonces |= {nonce} - {""}
        for each in changes:
            self._keys[each.after.ref.name, each.after.ref.version] = each.after
            self._intents.pop(each.after.ref.id, None)
            self._events.append(each.event)

    def history(self, name: str) -> Sequence[KeyEvent]:
        """Return what happened to a key, in order."""
        return [event for event in self._events if event.name == name]

    def boundary(self, serial: str) -> Boundary | None:
        """Return the last judgement of a token."""
        return self._boundaries.get(serial)

    def keep_boundary(self, boundary: Boundary) -> None:
        """Keep a judgement."""
        self._boundaries[boundary.facts.serial] = boundary

    def reserve(self, name: str, version: int, count: int) -> int:
        """Count invocations."""
        self._invocations[name, version] = self._invocations.get((name, version), 0) + count
        return self._invocations[name, version]

    def put(self, row: SealedSecret) -> None:
        """Keep one version; raise UsageError where it exists."""
        if (row.name, row.version) in self._secrets:
            raise UsageError(f"version {row.version} of the secret {row.name} exists", "somebody else was faster: try again")
        self._secrets[row.name, row.version] = row

    def get(self, name: str, version: int | None = None) -> SealedSecret | None:
        """Return one version, the newest where none is named."""
        found = [number for known, number in self._secrets if known == name and version in (None, number)]
        return self._secrets[name, max(found)] if found else None

    def list(self) -> Sequence[SealedSecret]:
        """Return the newest version of every secret by name."""
        return [row for name in sorted({name for name, _ in self._secrets}) if (row := self.get(name))]

    def secret_versions(self, name: str) -> Sequence[SealedSecret]:
        """Return every version of a secret, ascending."""
        return [row for (known, _), row in sorted(self._secrets.items(), key=lambda item: item[0]) if known == name]

    def change_secrets(self, changes: Sequence[SecretChange], now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Write all changes or none."""
        del now
        for each in changes:
            known = self._secrets.get((each.after.name, each.after.version))
            if each.before is None and known is not None:
                what = f"version {each.after.version} of the secret {each.after.name} exists"
                raise UsageError(what, "somebody else was faster: try again")
            if each.before is not None and (known is None or _life(known) != _life(each.before)):
                raise Unavailable(f"the secret {each.after.name} was just changed by somebody else", "look at it again: secrets show")
        ended: list[Lease] = []
        for each in changes:
            row = each.after
            known = self._secrets.get((row.name, row.version))
            if known is not None and row.revoked is None:  # it may be wrapped anew meanwhile
                row = replace(known, stops=row.stops, destroys=row.destroys)
            self._secrets[row.name, row.version] = row
            if row.revoked or row.destroys:
                ended += [lease for lease in self._leases if (lease.secret, lease.version) == (row.name, row.version)]
        for lease in ended:
            self.write(announce(lease))
            self._leases.remove(lease)
        return ended

    def search_secrets(self, prefix: str, labels: Sequence[tuple[str, str]]) -> Sequence[SealedSecret]:
        """Return the newest versions of secrets with a prefix and labels."""
        return [row for row in self.list() if row.name.startswith(prefix) and set(labels) <= set(row.labels)]

    def due(self, now: datetime) -> Sequence[str]:
        """Return the names of deleted secrets whose waiting time is over."""
        return sorted({row.name for row in self._secrets.values() if row.destroys and row.destroys <= now})

    def count_under(self, name: str, version: int) -> int:
        """Return how many secret versions are wrapped under a version of a key."""
        return len(self.rows_under(name, version, ("", 0), len(self._secrets)))

    def rows_under(self, name: str, version: int, after: tuple[str, int], limit: int) -> Sequence[SealedSecret]:
        """Return up to ``limit`` of them behind ``after``."""
        found = [row for place, row in sorted(self._secrets.items(), key=lambda item: item[0]) if place > after]
        return [row for row in found if (row.wrapping_key.name, row.wrapping_key.version) == (name, version)][:limit]

    def rewrap(self, before: SealedSecret, after: SealedSecret) -> bool:
        """Replace a row that is still as ``before``."""
        if self._secrets.get((before.name, before.version)) != before:
            return False
        self._secrets[before.name, before.version] = after
        return True

    def delete(self, name: str) -> int:
        """Remove every version; return how many there were."""
        gone = [place for place in self._secrets if place[0] == name]
        for place in gone:
            del self._secrets[place]
            self._searches.pop(place, None)
        return len(gone)

    def keep_row(self, row: SearchRow) -> None:
        """Keep a search row in place of the one of this name and version."""
        self._searches[row.name, row.version] = row

    def search_rows(self, most: int | None = None) -> Sequence[SearchRow]:
        """Return every search row, or the first ``most``, by name and version."""
        return [row for _, row in sorted(self._searches.items(), key=lambda item: item[0])][:most]

    def versions_kept(self) -> Sequence[tuple[str, int]]:
        """Return name and version of every secret whose value is there."""
        return sorted(place for place, row in self._secrets.items() if row.revoked is None)

    def issue(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
        """Record leases and what announces them."""
        records = [self.write(event) for event in events]
        self._leases += leases
        self._made |= {lease.id: _Made(lease) for lease in leases if lease.engine}
        return records

    def end(self, holder: str, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """End every open lease of ``holder``."""
        ended = [lease for lease in self._leases if lease.holder == holder]
        for lease in ended:
            self.write(announce(lease))
            if lease.id in self._made:
                self._made[lease.id].ends = min(now, lease.expires)
        self._leases = [lease for lease in self._leases if lease.holder != holder]
        return ended

    def open_leases(self, now: datetime) -> Sequence[Lease]:
        """Return the leases that are neither ended nor expired."""
        return [lease for lease in self._leases if lease.expires > now]

    def keep_made(self, lease: Lease, handle: SealedHandle | None) -> bool:
        """Keep how a lease's value is undone; return whether the lease is still open."""
        kept = self._made.get(lease.id)
        if kept is None:  # settled meanwhile
            return False
        kept.lease, kept.handle = lease, handle or kept.handle
        self._leases = [lease if each.id == lease.id else each for each in self._leases]
        return kept.ends is None

    def take_due(self, now: datetime, until: datetime, holder: str = "", most: int = 100) -> Sequence[Due]:
        """Take what is to be undone until ``until``."""
        found = [made for made in self._made.values() if made.is_due(now) and holder in ("", made.lease.holder)][:most]
        for made in found:
            made.next_try, made.tried = until, made.tried + 1
        return [Due(made.lease, made.handle, made.tried) for made in found]

    def settle(self, due: Due, event: AuditEvent, again: datetime | None) -> None:
        """Write what came of it."""
        self.write(event)
        if again is None:
            self._made.pop(due.lease.id, None)
            self._leases = [each for each in self._leases if each.id != due.lease.id]
        elif due.lease.id in self._made:
            self._made[due.lease.id].next_try = again

    def write(self, event: AuditEvent) -> AuditRecord:
        """Chain and keep one event."""
        last = self._audit[-1] if self._audit else None
        record = AuditRecord.linked(last.seq + 1 if last else 1, last.hash if last else FIRST, event)
        self._audit.append(record)
        return record

    def records(self) -> Iterator[bytes]:
        """Give every record's line in order."""
        return iter([record.line() for record in self._audit])

    def head(self) -> LogHead:
        """Return where the log stands."""
        last = self._audit[-1] if self._audit else None
        return LogHead("rehearsal", last.seq if last else 0, last.hash if last else FIRST, max(self._checkpoints, default=0))

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self._checkpoints.setdefault(checkpoint.seq, checkpoint)

    def checkpoints(self) -> Iterator[bytes]:
        """Give every checkpoint's line in order."""
        return iter([self._checkpoints[seq].line() for seq in sorted(self._checkpoints)])


def _life(row: SealedSecret) -> tuple[datetime | None, datetime | None, datetime | None]:
    return row.stops, row.revoked, row.destroys


class Unasked:
    """A forge, registry or service that is not asked: a rehearsal has no network."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def refuse(*_words: Any, **_named: Any) -> Any:
            raise Unavailable("no forge, registry or service is asked in a rehearsal", "the pipeline itself asks them")

        return refuse


class RecordingProcess:
    """Runs nothing."""

    def run(self, command: Sequence[str], injection: Injection) -> Finished:
        """Succeed without starting the command."""
        del command, injection
        return Finished(0)


class RecordingHandover:
    """Hands nothing over."""

    def deliver(self, injection: Injection, holder: str, target: Target) -> str:
        """Write nothing."""
        del injection, holder, target
        return ""

    def remove(self, holder: str) -> None:
        """Remove nothing."""
        del holder
