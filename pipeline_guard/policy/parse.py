# SPDX-License-Identifier: Apache-2.0
"""Policy as typed, frozen data: who may have which secret.

Types are strict msgspec structs: an unknown key is an error, nothing is coerced (a text where a list
is wanted is refused, so that no pattern is ever read letter by letter).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline_guard.errors import UsageError

# Claims on names that anybody may choose, or that are recycled: never enough to tell who a job is.
IDENTIFYING_CLAIMS = ("repository_id", "repository_owner_id", "project_id", "namespace_id")


Operation = Literal["destroy", "recover", "unsuspend", "revoke", "archive", "expire", "suspend", "activate"]


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One rule: jobs of ``issuer`` whose claims equal all of ``claims`` may have ``secrets``.

    A claim's value is a text or a list of texts, compared whole; a missing claim never matches.
    """

    secrets: tuple[str, ...]
    issuer: str
    claims: dict[str, str | tuple[str, ...]]
    audience: str = "pipeline-guard"
    name: str = ""


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How many of which persons must approve some operations; ``approvers`` maps a person to a public key file (PEM)."""

    operations: tuple[Operation, ...] = msgspec.field(name="for")
    threshold: int
    approvers: dict[str, str]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Every grant; a policy without any denies everything."""

    grants: tuple[Grant, ...] = ()
    approvals: tuple[Approval, ...] = ()


def check(policy: Policy, source: str) -> Policy:
    """Return ``policy`` if every grant says clearly whom it means; raise UsageError naming the grant otherwise."""
    seen: set[str] = set()
    for approval in policy.approvals:
        named = ", ".join(approval.operations)
        if not approval.operations or seen & set(approval.operations):
            raise UsageError(f"{source}: approvals for {named or 'nothing'}: each operation is named by one rule, and each rule names some")
        seen |= set(approval.operations)
        if not 1 <= approval.threshold <= len(approval.approvers):
            raise UsageError(
                f"{source}: approvals for {named}: {approval.threshold} of {len(approval.approvers)} approvers is not possible",
                "threshold lies between 1 and the number of approvers",
            )
        if len(set(approval.approvers.values())) != len(approval.approvers):
            raise UsageError(f"{source}: approvals for {named}: two approvers share a key", "each has a key of their own")
    for number, grant in enumerate(policy.grants, start=1):
        label = grant.name or f"number {number}"
        if not grant.secrets or any(not name or "*" in name for name in grant.secrets):
            raise UsageError(f"{source}: grant {label}: secrets must be a list of whole names")
        if not grant.issuer.startswith("https://"):
            raise UsageError(f"{source}: grant {label}: the issuer must be an https URL")
        if not grant.audience:
            raise UsageError(f"{source}: grant {label}: the audience is empty")
        if not any(name in grant.claims for name in IDENTIFYING_CLAIMS):
            raise UsageError(
                f"{source}: grant {label}: no claim names the repository or project by its number",
                f"add one of {', '.join(IDENTIFYING_CLAIMS)}: names are recycled, numbers are not",
            )
        for claim, allowed in grant.claims.items():
            values = (allowed,) if isinstance(allowed, str) else allowed
            if not values or any(not value for value in values):
                raise UsageError(f"{source}: grant {label}: claim {claim}: an empty value matches nothing")
    return policy
