# SPDX-License-Identifier: Apache-2.0
"""M of N: a request in canonical form, signatures of approvers over it, and the judgement whether they suffice.

A request names everything it asks for, the policy it was made under, a nonce and an end; an approval is one signature
over exactly that. So none can be used twice, for another key, with other parameters, under another policy, or too late.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.event import canonical
from pipeline_guard.model.p256 import holds, p256_key

REQUEST = "pipeline-guard/approval-request/v1"
APPROVAL = "pipeline-guard/approval/v1"
LIMIT = 64 * 1024
_FIELDS = ("operation", "object", "object_id", "why", "requester", "policy_digest", "nonce", "expires")
_CONTEXT = b"pipeline-guard approval\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do. ``parameters`` are texts; times are ISO 8601 in UTC; digests are hexadecimal."""

    operation: str
    object: str
    object_id: str
    parameters: Mapping[str, str]
    why: str
    requester: str
    policy_digest: str
    nonce: str
    expires: str

    def body(self) -> bytes:
        """Return the canonical JSON (RFC 8785 for texts)."""
        return canonical({"schema": REQUEST, **{name: getattr(self, name) for name in _FIELDS}, "parameters": dict(self.parameters)})

    def message(self) -> bytes:
        """Return the bytes that approvers sign."""
        return _CONTEXT + self.body()


@dataclass(frozen=True, slots=True)
class Rule:
    """How many of which persons must approve an operation. ``approvers`` maps a person's name to the public key as PEM."""

    threshold: int
    approvers: Mapping[str, str]


def parse_request(content: bytes, name: str) -> Request:
    """Read a request; raise UsageError for anything else."""
    return _request(parse_json(content, name, limit=LIMIT), name)


def parse_approval(content: bytes, name: str) -> tuple[Request, str]:
    """Read what an approval says it approves, and whose it says it is; whether it holds is for ``judge``. Raises UsageError."""
    request, approver, _ = _approval(content, name)
    return request, approver


def write_approval(request: Request, approver: str, signature: bytes) -> bytes:
    """Return an approval as a file's content."""
    found = {
        "schema": APPROVAL,
        "approver": approver,
        "request": json.loads(request.body()),
        "signature": base64.b64encode(signature).decode("ascii"),
    }
    return (json.dumps(found, indent=1, sort_keys=True) + "\n").encode("utf-8")


def judge(
    asked: Request,
    unverified_approvals: Iterable[tuple[str, bytes]],
    rule: Rule,
    now: datetime,
) -> tuple[Request, tuple[str, ...]]:
    """Return the approved request and who approved it; raise Denied unless enough approvers signed exactly what is asked now.

    ``asked`` is what is about to happen: its nonce and end are those of the approved request, everything else must be equal.
    ``unverified_approvals`` are (file name, content). Nobody counts twice, by name or by key; the requester never counts.
    """
    approved: Request | None = None
    persons: dict[str, str] = {}
    for name, content in unverified_approvals:
        request, approver, signature = _approval(content, name)
        if approved is not None and request.body() != approved.body():
            raise Denied(f"{name}: this approval is for another request than the others", "collect approvals of one request")
        _check_same(asked, request, name)
        if datetime.fromisoformat(request.expires) <= now:
            raise Denied(f"{name}: the request it approves has expired", "make a new request, and have that approved")
        pem = rule.approvers.get(approver)
        if pem is None:
            raise Denied(f"{name}: {approver[:60]!r} is no approver of this", f"approvers: {', '.join(sorted(rule.approvers))}")
        if not _holds(pem, signature, request.message()):
            raise Denied(f"{name}: the approval does not verify with {approver}'s key", "have it signed again")
        if approver == _person(request.requester):
            raise Denied(f"{name}: {approver} asked for this and cannot approve it", "somebody else has to")
        approved = request
        persons.setdefault(pem.strip(), approver)
    distinct = tuple(sorted(set(persons.values())))
    if approved is None or len(distinct) < rule.threshold:
        raise Denied(
            f"{asked.operation} of {asked.object} needs {rule.threshold} approvals and has {len(distinct)}",
            "write the request with --request FILE, and have it approved: pipeline-guard keys approve FILE --key NAME",
        )
    return approved, distinct


def _person(actor: str) -> str:
    return actor.rpartition(":")[2]


def _check_same(asked: Request, request: Request, name: str) -> None:
    for field in ("operation", "object", "object_id", "requester", "policy_digest", "why"):
        if getattr(asked, field) != getattr(request, field):
            raise Denied(f"{name}: approved was another {field.replace('_', ' ')}", "have this request approved: --request FILE writes it")
    if dict(asked.parameters) != dict(request.parameters):
        raise Denied(f"{name}: approved were other parameters", "have this request approved: --request FILE writes it")


def _holds(pem: str, signature: bytes, message: bytes) -> bool:
    key = p256_key(pem)
    if key is None:
        raise UsageError("an approver's key is no public key of type ec-p256 in PEM form", "keys export-public writes one")
    return holds(key, signature, message)


def _approval(content: bytes, name: str) -> tuple[Request, str, bytes]:
    found = parse_json(content, name, limit=LIMIT)
    if not isinstance(found, dict) or found.get("schema") != APPROVAL:
        raise UsageError(f"{name}: not an approval", "pipeline-guard keys approve REQUEST --key NAME makes one")
    approver, signature = found.get("approver"), found.get("signature")
    try:
        if not isinstance(approver, str) or not isinstance(signature, str):
            raise ValueError
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error):
        raise UsageError(f"{name}: not an approval: approver or signature is no text") from None
    return _request(found.get("request"), name), approver, raw


def _request(found: Any, name: str) -> Request:
    if not isinstance(found, dict) or found.get("schema") != REQUEST:
        raise UsageError(f"{name}: not a request for approval", "--request FILE writes one")
    values: Sequence[Any] = [found.get(field) for field in _FIELDS]
    parameters = found.get("parameters")
    if (
        set(found) != {"schema", "parameters", *_FIELDS}
        or not isinstance(parameters, dict)
        or not all(isinstance(value, str) for value in (*values, *parameters.values()))
    ):
        raise UsageError(f"{name}: not a request for approval: a field is missing, unknown or no text")
    request = Request(**dict(zip(_FIELDS, values, strict=True)), parameters=parameters)
    try:
        if datetime.fromisoformat(request.expires).tzinfo is None:
            raise ValueError
    except ValueError:
        raise UsageError(f"{name}: the request's end is no time in ISO 8601 with its zone") from None
    return request
