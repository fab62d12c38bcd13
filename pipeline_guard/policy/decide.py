# SPDX-License-Identifier: Apache-2.0
"""Policy and identity to a decision: deny by default, whole-string matches, always with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.parse import Grant, Policy

# Events in which somebody outside can steer a job: they count only where a grant names them.
RISKY_EVENTS = {
    "event_name": frozenset({"pull_request", "pull_request_target", "workflow_run", "issue_comment", "issues", "discussion"}),
    "pipeline_source": frozenset({"merge_request_event", "external_pull_request_event"}),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a job may have one secret, by which grant, and what stood in the way of the nearest one."""

    secret: str
    allowed: bool
    grant: str
    why: str


def decide(policy: Policy, identity: JobIdentity, secret: str) -> Decision:
    """Return the first grant that matches whole, else a denial that names the nearest grant and its first difference."""
    nearest: tuple[int, str, str] | None = None
    for number, grant in enumerate(policy.grants, start=1):
        label = grant.name or f"number {number}"
        if secret not in grant.secrets:
            continue
        differences = _differences(grant, identity)
        if not differences:
            return Decision(secret, True, label, f"grant {label} matches")
        if nearest is None or len(differences) < nearest[0]:
            nearest = (len(differences), label, differences[0])
    if nearest is None:
        return Decision(secret, False, "", "no grant names this secret")
    return Decision(secret, False, nearest[1], f"nearest grant {nearest[1]}: {nearest[2]}")


def _differences(grant: Grant, identity: JobIdentity) -> list[str]:
    found = []
    if grant.issuer != identity.issuer:
        found.append(f"issuer is {identity.issuer}, not {grant.issuer}")
    if grant.audience != identity.audience:
        found.append(f"audience is {identity.audience}, not {grant.audience}")
    for claim, wanted in grant.claims.items():
        allowed = (wanted,) if isinstance(wanted, str) else wanted
        actual = identity.claims.get(claim)
        if actual is None:
            found.append(f"claim {claim} is missing")
        elif actual not in allowed:
            found.append(f"claim {claim} is {actual!r}, not {' or '.join(map(repr, allowed))}")
    for claim, risky in RISKY_EVENTS.items():
        if claim not in grant.claims and identity.claims.get(claim) in risky:
            found.append(f"{claim} {identity.claims[claim]!r} counts only where a grant names it")
    return found
