# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

CHECKPOINT = "pipeline-guard/audit-checkpoint/v1"
FIRST = "0" * 64  # what the first record names as its predecessor


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

    @staticmethod
    def linked(seq: int, prev: str, event: AuditEvent) -> AuditRecord:
        """Chain ``event`` as number ``seq`` behind the record whose hash is ``prev``."""
        body = _fields(seq, prev, event)
        return AuditRecord(seq, event, prev, hashlib.sha256(canonical(body)).hexdigest())

    def line(self) -> bytes:
        """Return the record as one line of JSON, without the newline, as it is stored and exported."""
        return canonical({**_fields(self.seq, self.prev, self.event), "hash": self.hash})


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where a log stands: the store it belongs to, its last record (0 for none), and the last one with a checkpoint (0 for none)."""

    store: str
    seq: int
    hash: str
    vouched: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signature, made in the token, over how far the log went: record ``seq`` and its ``hash``.

    ``key`` names the signing key (``name/version``); ``signature`` is base64 of what the token returned. ``kind`` is
    "running", or "end" for the one that closes an export.
    """

    seq: int
    hash: str
    time: datetime
    kind: str
    key: str
    signature: str = ""

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        return b"pipeline-guard audit checkpoint\n" + canonical(self._facts())

    def line(self) -> bytes:
        """Return the checkpoint as one line of JSON, without the newline."""
        return canonical({**self._facts(), "signature": self.signature})

    def _facts(self) -> dict[str, object]:
        return {
            "schema": CHECKPOINT,
            "seq": self.seq,
            "hash": self.hash,
            "time": _instant(self.time),
            "kind": self.kind,
            "key": self.key,
        }


def canonical(fields: dict[str, object]) -> bytes:
    """Return JSON with sorted keys, no spaces, UTF-8 (for texts and integers the same as RFC 8785)."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _fields(seq: int, prev: str, event: AuditEvent) -> dict[str, object]:
    return {
        "seq": seq,
        "time": _instant(event.time),
        "actor": event.actor,
        "action": event.action,
        "object": event.object,
        "outcome": event.outcome,
        "why": event.why,
        "policy_digest": event.policy_digest,
        "request_digest": event.request_digest,
        "prev": prev,
    }
