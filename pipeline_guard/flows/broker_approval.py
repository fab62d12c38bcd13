# SPDX-License-Identifier: Apache-2.0
"""Secrets that a job gets only once persons have approved it for this run: asked for, handed in, judged at every use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.flows.broker_identity import Caller
from pipeline_guard.flows.broker_terms import BrokerDoors, BrokerTerms, Refused, limits_for, refusals
from pipeline_guard.keys.approval import Request, Rule, judge, parse_approval
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.session import Limit, StoredApproval
from pipeline_guard.policy.parse import Policy

OPERATION = "secret.lease"
_LASTS = timedelta(hours=24)
_SHOWN = ("repository", "project_path", "ref", "sha", "workflow_ref", "ci_config_ref_uri", "event_name", "pipeline_source", "environment")


def approval_rules(policy: Policy, files: Mapping[str, str]) -> dict[str, Rule]:
    """Return the rules by secret; ``files`` gives the content of each public key file."""
    found: dict[str, Rule] = {}
    for rule in policy.secret_approvals:
        approvers = {person: files[path] for person, path in rule.approvers.items()}
        found |= {secret: Rule(rule.threshold, approvers) for secret in rule.secrets}
    return found


def check_approved(caller: Caller, names: Sequence[str], *, terms: BrokerTerms, doors: BrokerDoors) -> None:
    """Raise Refused, with the request to approve, where a secret still needs persons; what was approved is on record."""
    now = doors.clock.now()
    for name in names:
        rule = terms.approval_rules.get(name)
        if rule is None:
            continue
        asked = _request(caller, name, now, terms)
        topic = _topic(asked)
        handed = [(f"the approval of {each.approver}", each.content) for each in doors.book.approvals(topic, now)]
        try:
            _, persons = judge(asked, handed, rule, now)
        except (Denied, UsageError) as missing:
            limits = limits_for(caller.identity, caller.repository, caller.job, terms.rates)
            doors.book.count(limits, refusals([(name, missing.what)], caller.actor, terms, doors, OPERATION), now)
            raise Refused(missing.what, "approval_required", asked.body()) from None
        why = f"approved by {', '.join(persons)}"
        once = (Limit(f"approved:{caller.job} {name}", terms.rates.job, timedelta(minutes=1)),)
        doors.book.count(once, [AuditEvent(now, caller.actor, "approve.use", name, "granted", why, terms.policy_digest)], now)


def hand_in(unverified: bytes, *, terms: BrokerTerms, doors: BrokerDoors) -> str:
    """Keep one person's approval if it holds by itself; return whose it is. Raises UsageError, Denied."""
    now = doors.clock.now()
    asked, approver = parse_approval(unverified, "the approval")
    rule = terms.approval_rules.get(asked.object)
    if asked.operation != OPERATION or rule is None or asked.policy_digest != terms.policy_digest:
        raise Denied("the approval is of nothing that this broker asks for", "approve the request as the job showed it")
    judge(asked, [("the approval", unverified)], Rule(1, rule.approvers), now)
    if any(each.content == unverified for each in doors.book.approvals(_topic(asked), now)):
        return approver  # handed in before: once on record is enough
    event = AuditEvent(now, f"person:{approver}", "approve", asked.object, "granted", f"for {asked.object_id}"[:1000], terms.policy_digest)
    doors.book.count((), [event], now)
    doors.book.keep_approval(StoredApproval(_topic(asked), approver[:128], unverified, datetime.fromisoformat(asked.expires)))
    return approver


def _request(caller: Caller, name: str, now: datetime, terms: BrokerTerms) -> Request:
    """Return what is to be approved: the same all day long for the same run, so that several persons approve one request."""
    claims = caller.identity.claims
    run = claims.get("run_id") or claims.get("pipeline_id") or claims.get("job_id", "")
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    expires = day + 2 * _LASTS
    where = f"{caller.identity.issuer} {caller.repository} run {run}"
    nonce = hashlib.sha256(f"{where}\n{name}\n{expires}\n{terms.policy_digest}".encode()).hexdigest()
    return Request(
        operation=OPERATION,
        object=name,
        object_id=where,
        parameters={key: claims[key] for key in _SHOWN if key in claims},
        why="",
        requester=f"job:{caller.repository}",
        policy_digest=terms.policy_digest,
        nonce=nonce,
        expires=expires.isoformat(),
    )


def _topic(asked: Request) -> str:
    """Return the digest of what does not change from day to day."""
    return hashlib.sha256(f"{asked.operation}\n{asked.object}\n{asked.object_id}\n{asked.policy_digest}".encode()).hexdigest()
