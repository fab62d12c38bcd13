# SPDX-License-Identifier: Apache-2.0
"""Secrets moved to the newest version of their wrapping key: the data key is wrapped anew, the value is never opened.

Idempotent and resumable: each row is moved by itself, and a row that somebody else moved or deleted is passed over.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.keys import find, protecting
from pipeline_guard.flows.secrets import SecretDoors
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyUsage
from pipeline_guard.ports import WrappedRows
from pipeline_guard.seal.envelope import row_data

_BATCH = 256


def rewrap(name: str, rows: WrappedRows, *, doors: SecretDoors) -> int:
    """Move all that older versions of a wrapping key protect to the one that protects now; return how many rows moved."""
    now = doors.clock.now()
    if find(name, doors.register).ref.usage is not KeyUsage.WRAP:
        raise UsageError(f"key {name} wraps nothing", "only wrapping keys have something to move")
    target = protecting(name, now, doors.ledger)
    if target is None:  # Defensive: found a moment ago
        raise UsageError(f"no key is called {name[:60]!r}")
    older = [version for version in doors.ledger.versions(name) if version.ref.version != target.ref.version]
    waiting = sum(rows.count_under(name, version.ref.version) for version in older)
    if not waiting:
        return 0
    why = f"{waiting} rows to version {target.ref.version}"
    doors.audit.write(AuditEvent(now, doors.actor, "key.rewrap", name, "granted", why))
    moved = 0
    for version in older:
        after = ("", 0)
        while found := rows.rows_under(name, version.ref.version, after, _BATCH):
            for row in found:
                data_key = doors.wrapper.unwrap(row.wrapping_key, row.wrapped_key, row_data(row, "data-key"))
                there = replace(row, wrapping_key=target.ref)
                wrapped = doors.wrapper.wrap(target.ref, data_key, row_data(there, "data-key"))
                moved += rows.rewrap(row, replace(there, wrapped_key=wrapped))
            after = (found[-1].name, found[-1].version)
    return moved
