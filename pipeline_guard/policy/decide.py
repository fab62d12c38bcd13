# SPDX-License-Identifier: Apache-2.0
"""Policy and identity to a decision: deny by default, whole-string matches, always with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.match import matches
from pipeline_guard.policy.parse import Grant, Policy

# Events that only somebody with a right to the repository can cause. Any other counts where a grant names it, and one that a
# forge adds tomorrow is such an other: pull_request_target, workflow_run, issue_comment, merge_request_event...
ORDINARY_EVENTS: Mapping[str, frozenset[str]] = {
    "event_name": frozenset(
        {"push", "schedule", "workflow_dispatch", "repository_dispatch", "merge_group", "release", "create", "delete", "deployment",
         "deployment_status", "workflow_call", "page_build", "registry_package", "milestone", "label"}
    ),
    "pipeline_source": frozenset(
        {"push", "web", "schedule", "api", "trigger", "pipeline", "parent_pipeline", "webide", "chat", "security_orchestration_policy",
         "ondemand_dast_scan", "ondemand_dast_validation"}
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that stands between a job and a grant: the claim, what it is (None: missing), and what would do."""

    claim: str
    actual: str | None
    wanted: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Considered:
    """One grant that names what was asked for, and all that stands in its way; nothing: it matches."""

    grant: Grant
    label: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a job may have one secret, by which grant, and what stood in the way of the nearest one.

    ``uses`` is how often the grant lets one job have it; 0 for no limit of its own.
    """

    secret: str
    allowed: bool
    grant: str
    why: str
    uses: int = 0


def decide(policy: Policy, identity: JobIdentity, secret: str, *, key: bool = False) -> Decision:
    """Return the first grant that matches whole, else a denial that names the nearest grant and its first difference.

    With ``key``, what is asked for is the use of a signing key of that name.
    """
    found = consider(policy, identity, secret, key=key)
    for each in found:
        if not each.differences:
            return Decision(secret, True, each.label, f"grant {each.label} matches", each.grant.uses)
    if not found:
        return Decision(secret, False, "", f"no grant names this {'key' if key else 'secret'}")
    nearest = min(found, key=lambda each: len(each.differences))
    return Decision(secret, False, nearest.label, f"nearest grant {nearest.label}: {nearest.differences[0].text}")


def consider(policy: Policy, identity: JobIdentity, secret: str, *, key: bool = False) -> list[Considered]:
    """Return every grant that names ``secret``, in order, with what stands in its way."""
    found = []
    for number, grant in enumerate(policy.grants, start=1):
        if secret in (grant.keys if key else grant.secrets):
            found.append(Considered(grant, grant.name or f"number {number}", tuple(_differences(grant, identity))))
    return found


def _differences(grant: Grant, identity: JobIdentity) -> list[Difference]:
    found = []
    for name, actual, wanted in (("issuer", identity.issuer, grant.issuer), ("audience", identity.audience, grant.audience)):
        if actual != wanted:
            found.append(Difference(name, actual, (wanted,), f"{name} is {actual}, not {wanted}"))
    for claim, value in grant.claims.items():
        allowed = _several(value)
        if identity.claims.get(claim) not in allowed:
            found.append(_difference(claim, identity, allowed))
    for claim, value in grant.patterns.items():
        allowed = _several(value)
        held = identity.claims.get(claim)
        if held is None or not any(matches(pattern, held) for pattern in allowed):
            found.append(_difference(claim, identity, allowed))
    for claim, ordinary in ORDINARY_EVENTS.items():
        event = identity.claims.get(claim)
        if claim not in grant.claims and event is not None and event not in ordinary:
            found.append(Difference(claim, event, tuple(sorted(ordinary)), f"{claim} {event!r} counts only where a grant names it"))
    return found


def _difference(claim: str, identity: JobIdentity, allowed: tuple[str, ...]) -> Difference:
    actual = identity.claims.get(claim)
    wanted = " or ".join(map(repr, allowed))
    text = f"claim {claim} is missing, wanted is {wanted}" if actual is None else f"claim {claim} is {actual!r}, not {wanted}"
    return Difference(claim, actual, allowed, text)


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
