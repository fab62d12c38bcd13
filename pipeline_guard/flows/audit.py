# SPDX-License-Identifier: Apache-2.0
"""The audit log, read back, verified, exported and summed up."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from pipeline_guard.audit.check import LogFacts, split, verify_log
from pipeline_guard.audit.summary import summarize
from pipeline_guard.errors import IntegrityError, NothingToDo
from pipeline_guard.flows.key_report import due_keys
from pipeline_guard.model.event import AuditRecord, Checkpoint
from pipeline_guard.model.summary import Summary
from pipeline_guard.ports import AuditLog, Checkpoints, KeyRegister

_EMPTY = "nothing was done with this store yet"


class Log(AuditLog, Checkpoints, Protocol):
    """Records and checkpoints."""


def verify(log: Log, keys: Collection[str], anchor: tuple[int, str] | None) -> LogFacts:
    """Verify the store's own log against its checkpoints and what the token remembers; raise IntegrityError with the place."""
    facts = verify_log(log.records(), log.checkpoints(), keys, anchor)
    if not facts.records:
        raise NothingToDo("the audit log is empty", _EMPTY)
    return facts


def verify_export(content: bytes, keys: Collection[str]) -> LogFacts:
    """Verify an exported log (JSON lines); raise IntegrityError where anything was changed, or its end was cut off."""
    # the ends of lines are no part of a record: an editor or a checkout may have made them those of another system
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    if lines and lines[-1] == b"":
        lines.pop()
    if not lines:
        raise NothingToDo("the file is empty", "export a log: pipeline-guard audit export --output FILE")
    records, checkpoints = split(lines)
    facts = verify_log(records, checkpoints, keys)
    if not facts.closed:
        raise IntegrityError(
            f"the export does not end with the checkpoint that closes it: something after record {facts.records} may be missing",
            "export it again; a log that was written by other means has no such end",
        )
    return facts


def verified_records(log: Log, keys: Collection[str], anchor: tuple[int, str] | None) -> list[AuditRecord]:
    """Return every record of the verified log; raise IntegrityError rather than show a bent one."""
    records: list[AuditRecord] = []
    if not verify_log(log.records(), log.checkpoints(), keys, anchor, records.append).records:
        raise NothingToDo("the audit log is empty", _EMPTY)
    return records


def export(log: Log, keys: Collection[str], anchor: tuple[int, str] | None, end: Checkpoint) -> tuple[list[AuditRecord], list[bytes]]:
    """Return the verified records up to ``end``, and the checkpoints over them, ``end`` last; what came later is left out."""
    records = verified_records(log, keys, anchor)[: end.seq]
    vouched = [line for line in log.checkpoints() if json.loads(line)["seq"] <= end.seq]
    return records, [*vouched, end.line()]


def report(records: list[AuditRecord], register: KeyRegister, now: datetime) -> Summary:
    """Return who used what, what is unusual about it, and which keys are due."""
    return summarize(records, now, due_keys(register, now))
