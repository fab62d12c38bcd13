# SPDX-License-Identifier: Apache-2.0
"""Verification of an audit log: every edit, removal, insertion and reordering breaks the chain, and is named by its place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.event import FIRST, AuditEvent, AuditRecord

LINE_LIMIT = 64 * 1024
_FIELDS = ("actor", "action", "object", "outcome", "why", "policy_digest", "request_digest")


def verify_chain(unverified_lines: Iterable[bytes]) -> tuple[int, str]:
    """Return the number of records and the last hash; raise IntegrityError naming the first record that does not fit.

    A log cut at its end is shorter but whole: compare the number with what was published elsewhere.
    """
    count, last = 0, FIRST
    for line in unverified_lines:
        record = _read(line, count + 1)
        if record.seq != count + 1:
            raise IntegrityError(f"audit record {count + 1} is missing: number {record.seq} follows {count}", "restore the log")
        if record.prev != last:
            raise IntegrityError(f"audit record {record.seq} does not follow the one before it", "restore the log from an export")
        expected = AuditRecord.linked(record.seq, record.prev, record.event)
        if expected.hash != record.hash or expected.line() != line:
            raise IntegrityError(f"audit record {record.seq} was changed", "restore the log from an export")
        count, last = record.seq, record.hash
    return count, last


def _read(line: bytes, number: int) -> AuditRecord:
    try:
        found = parse_json(line, f"audit record {number}", limit=LINE_LIMIT)
        time = datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        event = AuditEvent(time, **{name: found[name] for name in _FIELDS})
        if any(not isinstance(found[name], str) for name in (*_FIELDS, "prev", "hash")) or type(found["seq"]) is not int:
            raise TypeError
        return AuditRecord(found["seq"], event, found["prev"], found["hash"])
    except (UsageError, KeyError, TypeError, ValueError):
        raise IntegrityError(f"audit record {number} is not a record", "restore the log from an export") from None
