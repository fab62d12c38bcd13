# SPDX-License-Identifier: Apache-2.0
"""Secrets rotated, revoked, deleted and destroyed; each act is on record before it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.secrets import SecretDoors, ended, find, put, remove
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyRef, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret, SecretChange
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import SecretLedger, SecretStore
from pipeline_guard.seal.terms import Terms, state_of, usable_until

__all__ = ["Terms", "cancel", "delete", "destroy_due", "revoke", "rotate", "search", "state_of", "usable_until"]

_NO_KEY = KeyRef("", 0, KeyType.AES_256, KeyUsage.WRAP, "")  # of a version whose value is gone


def rotate(name: str, value: Secret, terms: Terms, *, doors: SecretDoors) -> SealedSecret:
    """Seal the next version of a secret that exists; what the terms leave out is as it was before."""
    last = find(name, doors.store)
    before = last.expires - last.created if last.expires else None
    kept = Terms(terms.lifetime or before, terms.labels or last.labels, terms.note or last.note, terms.overlap)
    return put(name, value, kept, doors=doors)


def revoke(name: str, version: int | None, why: str, *, doors: SecretDoors) -> tuple[Sequence[SealedSecret], Sequence[Lease]]:
    """Take the value of one version, or of all, away for good, and end its leases; return what was revoked, and these leases."""
    found = [row for row in _versions(name, doors.life) if version in (None, row.version)]
    if not found:
        raise UsageError(f"the secret {name} has no version {version}", f"pipeline-guard secrets show {name} lists them")
    rows = [row for row in found if row.revoked is None]
    if not rows:
        raise NothingToDo(f"the secret {name} is revoked already")
    now = doors.clock.now()
    which = ", ".join(str(row.version) for row in rows)
    doors.audit.write(AuditEvent(now, doors.actor, "secret.revoke", name, "granted", f"version {which}; {why}".rstrip("; ")[:1000]))
    # what was revoked must not come back by an edit of its row: the value is gone, and what is known of it stays
    changes = [SecretChange(row, replace(row, revoked=now, wrapping_key=_NO_KEY, wrapped_key=b"", ciphertext=b"")) for row in rows]
    return rows, doors.life.change_secrets(changes, now, _announce(now, doors))


def delete(name: str, wait: timedelta, *, doors: SecretDoors) -> datetime:
    """Stop handing a secret out and plan its destruction; return when that is due."""
    rows = _versions(name, doors.life)
    if rows[-1].destroys is not None:
        raise NothingToDo(f"the secret {name} is deleted already", f"it is destroyed at once by: secrets delete {name} --now")
    now = doors.clock.now()
    due = now + wait
    doors.audit.write(
        AuditEvent(now, doors.actor, "secret.delete", name, "granted", f"destroyed from {due.isoformat(timespec='seconds')} on")
    )
    doors.life.change_secrets([SecretChange(row, replace(row, destroys=due)) for row in rows], now, _announce(now, doors))
    return due


def cancel(name: str, *, doors: SecretDoors) -> int:
    """Take a deletion back before the destruction; return how many versions are there again."""
    rows = [row for row in _versions(name, doors.life) if row.destroys is not None]
    if not rows:
        raise NothingToDo(f"the secret {name} is not deleted")
    now = doors.clock.now()
    doors.audit.write(AuditEvent(now, doors.actor, "secret.undelete", name, "granted"))
    doors.life.change_secrets([SecretChange(row, replace(row, destroys=None)) for row in rows], now, _announce(now, doors))
    return len(rows)


def destroy_due(*, doors: SecretDoors) -> list[tuple[str, int]]:
    """Destroy every deleted secret whose waiting time is over; return names and how many versions there were."""
    done = [(name, remove(name, doors=doors)) for name in doors.removal.due(doors.clock.now())]
    if not done:
        raise NothingToDo("no deleted secret is due to be destroyed", "pipeline-guard secrets list shows what is deleted")
    return done


def search(pattern: str, labels: Sequence[tuple[str, str]], store: SecretStore, life: SecretLedger) -> Sequence[SealedSecret]:
    """Return the newest versions of secrets whose name matches a glob (* ? [abc]) and that carry all labels; nothing is opened."""
    if not pattern and not labels:
        return store.list()
    prefix = pattern[: min((pattern.index(sign) for sign in "*?[" if sign in pattern), default=len(pattern))]
    if prefix == pattern and not labels:  # a name and nothing else
        row = store.get(pattern)
        return [] if row is None else [row]
    found = life.search_secrets(prefix, labels)
    return [row for row in found if not pattern or fnmatchcase(row.name, pattern)]


def _versions(name: str, life: SecretLedger) -> Sequence[SealedSecret]:
    rows = life.secret_versions(name)
    if not rows:
        raise UsageError(f"no secret is called {name[:60]!r}", "pipeline-guard secrets list shows the names")
    return rows


def _announce(now: datetime, doors: SecretDoors) -> Callable[[Lease], AuditEvent]:
    return lambda lease: ended(lease, now, doors.actor)
