# SPDX-License-Identifier: Apache-2.0
"""What a row is in our nouns, whichever driver fetched it; nothing here needs SQLAlchemy."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pipeline_guard.adapters.sql.times import aware, time_of
from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.key import KeyCommand, KeyEvent, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.lease import Lease
from pipeline_guard.model.sealed import SealedSecret

DATES = ("activates", "expires", "stops", "deactivated", "compromised", "archived", "destroys")  # of a key
DUE, DONE, NEVER = "due", "done", "never"  # how far a lease of an engine is


def read_key(row: Any) -> KeyRecord:
    """Turn a row into a record."""
    try:
        ref = KeyRef(row.name, row.version, KeyType(row.type), KeyUsage(row.usage), row.cka_id)
        dates = {name: time_of(getattr(row, name)) for name in DATES}
        created = aware(row.created)
        return KeyRecord(
            ref, KeyState(row.state), created, row.token, row.public_pem, **dates, erases=bool(row.erases), revision=row.revision
        )
    except (ValueError, TypeError, AttributeError):
        raise IntegrityError(f"the stored record of the key {str(row.name)[:128]} is damaged", "restore the store from a backup") from None


def read_event(row: Any) -> KeyEvent:
    """Turn a row into something that happened to a key."""
    before = KeyState(row.before) if row.before else None
    approvers = tuple(row.approvers.split("\n")) if row.approvers else ()
    time = datetime.fromisoformat(row.time)
    return KeyEvent(row.name, row.version, time, KeyCommand(row.command), before, KeyState(row.after), row.actor, row.why, approvers)


def read_secret(row: Any) -> SealedSecret:
    """Turn a row into a secret; raise IntegrityError for one that was damaged."""
    try:
        _check_types(row)
        return SealedSecret(
            name=row.name,
            version=row.version,
            created=aware(row.created),
            wrapping_key=KeyRef(row.key_name, row.key_version, KeyType.AES_256, KeyUsage.WRAP, row.key_id),
            wrapped_key=_sealed(row.wrapped_key),
            ciphertext=_sealed(row.ciphertext),
            size=row.size,
            format=row.format,
            expires=time_of(row.expires),
            labels=tuple((str(label), str(value)) for label, value in json.loads(row.labels or "[]")),
            note=row.note,
            stops=time_of(row.stops),
            revoked=time_of(row.revoked),
            destroys=time_of(row.destroys),
        )
    except (ValueError, TypeError, AttributeError):
        hint = "restore it from a backup, or remove it: pipeline-guard secrets delete NAME --now"
        raise IntegrityError(f"the stored row of the secret {str(row.name)[:128]} is damaged", hint) from None


def lease_row(lease: Lease) -> dict[str, object]:
    """Return a new lease's columns."""
    return {
        "id": lease.id,
        "secret": lease.secret,
        "version": lease.version,
        "holder": lease.holder,
        "issued": lease.issued.isoformat(),
        "expires": lease.expires.isoformat(),
        "ended": "",
        "engine": lease.engine,
        "about": lease.about,
        "undo": undo_of(lease),
    }


def read_lease(row: Any) -> Lease:
    """Turn a row into a lease; raise IntegrityError for one that was damaged."""
    try:
        return Lease(
            id=row.id,
            secret=row.secret,
            version=row.version,
            holder=row.holder,
            issued=datetime.fromisoformat(row.issued),
            expires=datetime.fromisoformat(row.expires),
            engine=row.engine,
            revocable=row.undo != NEVER,
            about=row.about,
        )
    except (ValueError, TypeError, AttributeError):
        raise IntegrityError("the stored row of a lease is damaged", "restore the store from a backup") from None


def undo_of(lease: Lease) -> str:
    """Return how far a lease is: "due" (there is something to undo), "never" (only time ends it), "" for a value that is kept here."""
    if not lease.engine:
        return ""
    return DUE if lease.revocable else NEVER


def _sealed(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("not binary")
    return value


def _check_types(row: Any) -> None:
    """Raise TypeError where a column holds what it cannot: SQLite keeps anything anywhere."""
    numbers = (row.version, row.key_version, row.size, row.format)
    texts = (row.name, row.key_name, row.key_id, row.note, row.labels)
    if not all(type(number) is int for number in numbers) or not all(type(text) is str for text in texts):
        raise TypeError("not of its column's type")
