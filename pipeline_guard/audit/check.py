# SPDX-License-Identifier: Apache-2.0
"""Verification of an audit log: every edit, removal, insertion, reordering and cut is found, and named by its place.

The chain finds whatever happens inside the log. Only what is signed, or kept elsewhere, finds a cut at its end: the
checkpoints, and the anchor, which is the last checkpoint as the token itself remembers it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.event import CHECKPOINT, FIRST, AuditEvent, AuditRecord, Checkpoint
from pipeline_guard.model.p256 import holds, p256_key

LINE_LIMIT = 64 * 1024
INTERVAL = 64  # records between two checkpoints
_FIELDS = ("actor", "action", "object", "outcome", "why", "policy_digest", "request_digest")
_SIGNED = ("hash", "kind", "key", "signature")
_RESTORE = "restore the log from an export"


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What a verified log is: its length, the hash of its last record, and how far checkpoints vouch for it."""

    records: int
    last: str
    checkpoints: int = 0
    vouched: int = 0
    closed: bool = False


def verify_chain(unverified_lines: Iterable[bytes], seen: Callable[[AuditRecord], None] = lambda _record: None) -> tuple[int, str]:
    """Return the number of records and the last hash; raise IntegrityError naming the first record that does not fit.

    ``seen`` is called with each record once it is verified.
    """
    count, last = 0, FIRST
    for line in unverified_lines:
        record = _read(line, count + 1)
        if record.seq != count + 1:
            raise IntegrityError(f"audit record {count + 1} is missing: number {record.seq} follows {count}", "restore the log")
        if record.prev != last:
            raise IntegrityError(f"audit record {record.seq} does not follow the one before it", _RESTORE)
        expected = AuditRecord.linked(record.seq, record.prev, record.event)
        if expected.hash != record.hash or expected.line() != line:
            raise IntegrityError(f"audit record {record.seq} was changed", _RESTORE)
        seen(record)
        count, last = record.seq, record.hash
    return count, last


def verify_log(
    unverified_lines: Iterable[bytes],
    unverified_checkpoints: Iterable[bytes],
    keys: Collection[str],
    anchor: tuple[int, str] | None = None,
    seen: Callable[[AuditRecord], None] = lambda _record: None,
) -> LogFacts:
    """Verify records, then every checkpoint against them; raise IntegrityError naming the place.

    ``keys`` are the public halves of the audit key's versions as PEM. ``anchor`` is (seq, hash) from the token.
    """
    checkpoints = [_read_checkpoint(line, keys) for line in unverified_checkpoints]
    wanted = {each.seq: each.hash for each in checkpoints}
    for each in checkpoints:
        if wanted[each.seq] != each.hash:
            raise IntegrityError(f"two checkpoints disagree about audit record {each.seq}", _RESTORE)
    met: set[int] = set()

    def compare(record: AuditRecord) -> None:
        seen(record)
        if record.seq in wanted:
            if wanted[record.seq] != record.hash:
                raise IntegrityError(f"audit record {record.seq} is not the one that its checkpoint was made for", _RESTORE)
            met.add(record.seq)
        if anchor is not None and record.seq == anchor[0] and record.hash != anchor[1]:
            raise IntegrityError(f"audit record {record.seq} is not the one that the token remembers", _RESTORE)

    count, last = verify_chain(unverified_lines, compare)
    furthest = max([*wanted, anchor[0] if anchor else 0], default=0)
    if furthest > count:
        who = "a checkpoint vouches" if furthest in wanted else "the token remembers"
        raise IntegrityError(f"the log ends at record {count}, but {who} for record {furthest}: its end was cut off", _RESTORE)
    closed = any(each.kind == "end" and each.seq == count for each in checkpoints)
    return LogFacts(count, last, len(checkpoints), max(met, default=0), closed)


def split(unverified_lines: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Divide an exported file's lines into records and checkpoints."""
    marker = f'"schema":"{CHECKPOINT}"'.encode()
    records: list[bytes] = []
    checkpoints: list[bytes] = []
    for line in unverified_lines:
        (checkpoints if marker in line and not line.startswith(b'{"action"') else records).append(line)
    return records, checkpoints


def _read(line: bytes, number: int) -> AuditRecord:
    try:
        found = parse_json(line, f"audit record {number}", limit=LINE_LIMIT)
        event = AuditEvent(_time(found["time"]), **{name: found[name] for name in _FIELDS})
        if any(not isinstance(found[name], str) for name in (*_FIELDS, "prev", "hash")) or type(found["seq"]) is not int:
            raise TypeError
        return AuditRecord(found["seq"], event, found["prev"], found["hash"])
    except (UsageError, KeyError, TypeError, ValueError):
        raise IntegrityError(f"audit record {number} is not a record", _RESTORE) from None


def _read_checkpoint(line: bytes, keys: Collection[str]) -> Checkpoint:
    try:
        found = parse_json(line, "checkpoint", limit=LINE_LIMIT)
        if any(not isinstance(found[name], str) for name in _SIGNED) or type(found["seq"]) is not int:
            raise TypeError
        checkpoint = Checkpoint(found["seq"], found["hash"], _time(found["time"]), *(found[name] for name in _SIGNED[1:]))
        signature = base64.b64decode(checkpoint.signature, validate=True)
        if base64.b64encode(signature).decode("ascii") != checkpoint.signature:  # one spelling for one signature
            raise ValueError
    except (UsageError, KeyError, TypeError, ValueError, binascii.Error):
        raise IntegrityError("a checkpoint of the audit log is none", _RESTORE) from None
    if checkpoint.line() != line or not any(_made_by(pem, signature, checkpoint.message()) for pem in keys):
        raise IntegrityError(
            f"the checkpoint at audit record {checkpoint.seq} does not verify with any audit key that is known here",
            "was the log made elsewhere? then name that store's audit key with --key; else restore the log from an export",
        )
    return checkpoint


def _time(text: Any) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _made_by(pem: str, signature: bytes, message: bytes) -> bool:
    key = p256_key(pem)
    return key is not None and holds(key, signature, message)
