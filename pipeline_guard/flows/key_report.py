# SPDX-License-Identifier: Apache-2.0
"""What people and verifiers are told of keys: state, age, what is due, history, and the timeline of public halves."""

from __future__ import annotations

from datetime import datetime

from pipeline_guard.errors import UsageError
from pipeline_guard.keys.lifecycle import settled
from pipeline_guard.keys.period import NOTICE, next_due
from pipeline_guard.model.key import KeyRecord
from pipeline_guard.model.summary import DueKey
from pipeline_guard.ports import KeyLedger, KeyRegister

TIMELINE = "pipeline-guard/key-timeline/v1"


def state_word(record: KeyRecord) -> str:
    """Return the state, with what it does not tell by itself."""
    more = [word for word, holds in (("archived", record.archived), ("to be destroyed", record.destroys)) if holds]
    return " ".join([record.state.value, *(f"({word})" for word in more)])


def age(record: KeyRecord, now: datetime) -> str:
    """Return days of use against the days of the cryptoperiod."""
    begun = record.activates or record.created
    days = max((now - begun).days, 0)
    return f"{days}d of {(record.expires - begun).days}d" if record.expires else f"{days}d"


def next_word(record: KeyRecord, now: datetime) -> str:
    """Return what is due next, and by when."""
    due = next_due(record, now)
    if due is None:
        return "-"
    return f"{due.action} now" if due.overdue else f"{due.action} by {due.when:%Y-%m-%d}"


def due_keys(register: KeyRegister, now: datetime) -> list[DueKey]:
    """Return every key version with something to be done within the notice, the most urgent first."""
    found = []
    for record in register.all_keys():
        due = next_due(record, now)
        if due is not None and due.when - NOTICE <= now:
            name = f"{record.ref.name}/{record.ref.version}"
            found.append((due.when, DueKey(name, state_word(settled(record, now)), age(record, now), next_word(record, now), due.overdue)))
    return [key for _, key in sorted(found, key=lambda pair: (pair[0], pair[1].key))]


def history(name: str, ledger: KeyLedger) -> list[dict[str, object]]:
    """Return the history of all versions of a key, oldest first."""
    return [
        {
            "time": event.time.isoformat(timespec="seconds"),
            "version": event.version,
            "command": event.command.value,
            "from": event.before.value if event.before else "-",
            "to": event.after.value,
            "actor": event.actor,
            "why": event.why,
            "approvers": ", ".join(event.approvers),
        }
        for event in ledger.history(name)
    ]


def timeline(name: str, now: datetime, ledger: KeyLedger) -> dict[str, object]:
    """Return the public halves of a key with all dates that decide about its signatures; raise UsageError where it has none.

    Times are ISO 8601 in UTC, None where nothing is planned or happened.
    """
    versions = [settled(record, now) for record in ledger.versions(name)]
    if not any(record.public_pem for record in versions):
        raise UsageError(f"the key {name} has no public half", "only signing keys have one")
    reasons = {event.version: event.why for event in ledger.history(name) if event.command.value == "revoke"}
    return {
        "schema": TIMELINE,
        "name": name,
        "exported": now.isoformat(timespec="seconds"),
        "versions": [_version(record, reasons.get(record.ref.version, "")) for record in versions],
    }


def _version(record: KeyRecord, revoked: str) -> dict[str, object]:
    dates = {name: getattr(record, name) for name in ("created", "activates", "expires", "stops", "deactivated", "compromised")}
    return {
        "version": record.ref.version,
        "type": record.ref.type.value,
        "id": record.ref.id,
        "state": record.state.value,
        **{name: value.isoformat(timespec="seconds") if value else None for name, value in dates.items()},
        "revocation": revoked,
        "public_key": record.public_pem,
    }
