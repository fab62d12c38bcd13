# SPDX-License-Identifier: Apache-2.0
"""Approvals asked for and given: the request of one person, the signature of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.key_states import Change, request
from pipeline_guard.flows.keys import KeyDoors
from pipeline_guard.keys.approval import Request, Rule, parse_request, write_approval
from pipeline_guard.keys.lifecycle import check_protects
from pipeline_guard.keys.period import current
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import KeyType
from pipeline_guard.policy.parse import Policy
from pipeline_guard.ports import AuditSink, Clock, KeyLedger, Keystore, Signer


class ApproverToken(Keystore, Signer, Protocol):
    """The approver's own token."""


@dataclass(frozen=True, slots=True)
class ApproverDoors:
    """What an approver needs."""

    actor: str
    clock: Clock
    token: ApproverToken
    ledger: KeyLedger
    audit: AuditSink


def rules(policy: Policy, files: Mapping[str, str]) -> dict[str, Rule]:
    """Return the policy's rules by operation; ``files`` gives the content of each public key file."""
    found: dict[str, Rule] = {}
    for rule in policy.approvals:
        approvers = {person: files[path] for person, path in rule.approvers.items()}
        found |= {operation: Rule(rule.threshold, approvers) for operation in rule.operations}
    return found


def write_request(asked: Change, policy_digest: str, nonce: str, *, doors: KeyDoors) -> bytes:
    """Return the request for a change as a file's content; raise Denied where the key's state forbids it anyway."""
    return request(asked, policy_digest, nonce, doors=doors).body() + b"\n"


def approve(unverified: bytes, name: str, key: str, approver: str, *, doors: ApproverDoors) -> tuple[Request, bytes]:
    """Sign a request; return it, so that it can be shown, and the approval. Raises UsageError, Denied."""
    asked = parse_request(unverified, name)
    now = doors.clock.now()
    record = doors.token.describe(key) if key.startswith("pkcs11:") else current(doors.ledger.versions(key), now)
    if record is None:
        raise UsageError(f"no key is called {key[:60]!r}", "pipeline-guard keys list shows the keys")
    if record.ref.type is not KeyType.EC_P256:
        raise UsageError(f"key {record.ref.name} is of type {record.ref.type.value}", "approvers sign with ec-p256 keys")
    check_protects(record, now)
    person = approver or record.ref.name
    why = f"{asked.operation} asked by {asked.requester}, nonce {asked.nonce}"
    doors.audit.write(AuditEvent(now, doors.actor, "approve", asked.object, "granted", why, asked.policy_digest))
    return asked, write_approval(asked, person, doors.token.sign(record.ref, asked.message()))
