# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An act before it happens: who, what, on which object, with which outcome, and why.

    Never a secret: ``object`` is a name. ``request_digest`` and ``policy_digest`` are hexadecimal
    SHA-256 or empty.
    """

    time: datetime
    actor: str
    action: str
    object: str
    outcome: str
    why: str = ""
    policy_digest: str = ""
    request_digest: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event in the chain: ``seq`` from 1 without gaps, ``prev`` and ``hash`` in hexadecimal."""

    seq: int
    event: AuditEvent
    prev: str
    hash: str
