# SPDX-License-Identifier: Apache-2.0
"""Policy as typed, frozen data: who may have which secret.

Types are strict msgspec structs: an unknown key is an error, nothing is coerced (a text where a list
is wanted is refused, so that no pattern is ever read letter by letter).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline_guard.errors import UsageError
from pipeline_guard.policy.match import check_pattern

# Claims on names that anybody may choose, or that are recycled: never enough to tell who a job is.
IDENTIFYING_CLAIMS = ("repository_id", "repository_owner_id", "project_id", "namespace_id")


Operation = Literal["destroy", "recover", "unsuspend", "revoke", "archive", "expire", "suspend", "activate"]


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One rule: jobs of ``issuer`` whose claims equal all of ``claims`` may have ``secrets``, and have ``keys`` sign for them.

    A claim's value is a text or a list of texts, compared whole; a missing claim never matches. ``patterns`` are the same with
    ``*`` and ``?``, which stay within one segment. ``uses`` is how often one job may have each (0: as often as the broker's limits
    let it). ``accept-broad`` is the reason, in words, why a rule may let in more than it should, as ``policy check`` sees it.
    """

    issuer: str
    claims: dict[str, str | tuple[str, ...]]
    secrets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    patterns: dict[str, str | tuple[str, ...]] = {}
    audience: str = "pipeline-guard"
    name: str = ""
    uses: int = 0
    accept_broad: str = ""


class SecretApproval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How many of which persons must approve, for one run of a job, that it gets ``secrets``."""

    secrets: tuple[str, ...]
    threshold: int
    approvers: dict[str, str]


class PolicyTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """An example of the policy: a job with ``claims`` (``iss`` among them) is to be allowed or denied ``secret``."""

    name: str
    claims: dict[str, str]
    secret: str
    expect: Literal["allow", "deny"]


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How many of which persons must approve some operations; ``approvers`` maps a person to a public key file (PEM)."""

    operations: tuple[Operation, ...] = msgspec.field(name="for")
    threshold: int
    approvers: dict[str, str]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Every grant; a policy without any denies everything."""

    grants: tuple[Grant, ...] = ()
    approvals: tuple[Approval, ...] = ()
    secret_approvals: tuple[SecretApproval, ...] = ()
    canaries: tuple[str, ...] = ()  # secrets that nobody should ask for: whoever does is on the alarm
    tests: tuple[PolicyTest, ...] = ()


def check(policy: Policy, source: str) -> Policy:
    """Return ``policy`` if every grant says clearly whom it means; raise UsageError naming the grant otherwise."""
    _check_approvals(policy, source)
    for number, grant in enumerate(policy.grants, start=1):
        label = grant.name or f"number {number}"
        named = (*grant.secrets, *grant.keys)
        if not named or any(not name or "*" in name for name in named):
            raise UsageError(f"{source}: grant {label}: secrets must be a list of whole names", "or keys, for a grant to have them sign")
        if grant.uses < 0:
            raise UsageError(f"{source}: grant {label}: uses is less than nothing")
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
        for claim, allowed in grant.patterns.items():
            _check_patterns(grant, claim, allowed, f"{source}: grant {label}")
    return policy


def _check_patterns(grant: Grant, claim: str, allowed: str | tuple[str, ...], where: str) -> None:
    if claim.endswith("_id") or claim in grant.claims:
        raise UsageError(f"{where}: claim {claim} takes no pattern", "numbers are named whole, and each claim once")
    values = (allowed,) if isinstance(allowed, str) else allowed
    if not values:
        raise UsageError(f"{where}: claim {claim}: an empty value matches nothing")
    for value in values:
        try:
            check_pattern(value)
        except UsageError as error:
            raise UsageError(f"{where}: claim {claim}: {error.what}", error.hint) from None


def _check_approvals(policy: Policy, source: str) -> None:
    rules: list[tuple[str, tuple[str, ...], int, dict[str, str]]] = [
        ("operation", rule.operations, rule.threshold, rule.approvers) for rule in policy.approvals
    ]
    rules += [("secret", rule.secrets, rule.threshold, rule.approvers) for rule in policy.secret_approvals]
    seen: set[tuple[str, str]] = set()
    for kind, names, threshold, approvers in rules:
        named = ", ".join(names)
        mine = {(kind, name) for name in names}
        if not names or seen & mine:
            raise UsageError(f"{source}: approvals for {named or 'nothing'}: each {kind} is named by one rule, and each rule names some")
        seen |= mine
        if not 1 <= threshold <= len(approvers):
            raise UsageError(
                f"{source}: approvals for {named}: {threshold} of {len(approvers)} approvers is not possible",
                "threshold lies between 1 and the number of approvers",
            )
        if len(set(approvers.values())) != len(approvers):
            raise UsageError(f"{source}: approvals for {named}: two approvers share a key", "each has a key of their own")
