# SPDX-License-Identifier: Apache-2.0
"""Cryptoperiods: how long a key protects, and what its owner has to do next (SP 800-57 Part 1 Rev. 5, section 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline_guard.keys.lifecycle import state_at
from pipeline_guard.model.key import KeyRecord, KeyState, KeyUsage

# One year of use is within table 1's one to three years for private signature keys and two for wrapping keys.
PERIOD = timedelta(days=365)
GRACE = timedelta(days=30)  # use goes on with a warning
NOTICE = timedelta(days=30)  # before its end a key counts as due
# AES-GCM with random nonces: at most 2^32 invocations a key (SP 800-38D, section 8.3)
INVOCATION_LIMIT = 2**32
INVOCATION_NOTICE = 2**31


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done next with a key, and when; ``overdue`` once that moment has passed."""

    action: str
    when: datetime
    overdue: bool


def with_period(record: KeyRecord, begins: datetime, period: timedelta, grace: timedelta = GRACE) -> KeyRecord:
    """Return the record with the dates of its cryptoperiod."""
    return replace(record, activates=begins, expires=begins + period, stops=begins + period + grace)


def next_due(record: KeyRecord, now: datetime) -> Due | None:
    """Return the next thing to do with a key version; None where nothing is planned."""
    state = state_at(record, now)
    if record.destroys is not None:
        return Due("destroy", record.destroys, record.destroys <= now)
    if state is KeyState.PRE_ACTIVATION and record.activates is not None:
        return Due("activate", record.activates, overdue=False)
    if state in (KeyState.ACTIVE, KeyState.SUSPENDED) and record.expires is not None:
        return Due("rotate", record.expires, record.expires <= now)
    if state is KeyState.COMPROMISED and record.ref.usage is KeyUsage.WRAP:
        return Due("rewrap", record.compromised or now, overdue=True)
    return None


def current(versions: Iterable[KeyRecord], now: datetime) -> KeyRecord | None:
    """Return the version that protects at a moment: the newest active one, else the newest of all."""
    found: Sequence[KeyRecord] = sorted(versions, key=lambda each: each.ref.version)
    active = [each for each in found if state_at(each, now) is KeyState.ACTIVE]
    chosen = active or found
    return chosen[-1] if chosen else None


def to_rotate(records: Iterable[KeyRecord], now: datetime) -> list[KeyRecord]:
    """Return the current versions whose cryptoperiod ends within the notice, in the order of their names."""
    names: dict[str, list[KeyRecord]] = {}
    for record in records:
        names.setdefault(record.ref.name, []).append(record)
    chosen = []
    for name in sorted(names):
        newest = max(names[name], key=lambda each: each.ref.version)
        if state_at(newest, now) is KeyState.ACTIVE and newest.expires is not None and newest.expires - NOTICE <= now:
            chosen.append(newest)
    return chosen
