# SPDX-License-Identifier: Apache-2.0
"""The audit log, read back and verified."""

from __future__ import annotations

from pipeline_guard.audit.check import verify_chain
from pipeline_guard.errors import NothingToDo
from pipeline_guard.ports import AuditLog


def verify(log: AuditLog) -> tuple[int, str]:
    """Verify the store's own log; return the number of records and the last hash."""
    count, last = verify_chain(log.records())
    if not count:
        raise NothingToDo("the audit log is empty", "nothing was done with this store yet")
    return count, last


def verify_export(content: bytes) -> tuple[int, str]:
    """Verify an exported log (JSON lines); raises like ``verify``."""
    lines = content.split(b"\n")
    if lines and lines[-1] == b"":
        lines.pop()
    if not lines:
        raise NothingToDo("the file is empty", "export a log: pipeline-guard audit export --output FILE")
    return verify_chain(lines)


def export(log: AuditLog) -> bytes:
    """Return the verified log as JSON lines; raise IntegrityError rather than export a bent one."""
    lines = list(log.records())
    verify_chain(lines)
    if not lines:
        raise NothingToDo("the audit log is empty", "nothing was done with this store yet")
    return b"".join(line + b"\n" for line in lines)
