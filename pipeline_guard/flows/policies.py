# SPDX-License-Identifier: Apache-2.0
"""Policy questions: why a decision falls as it does, what would change it, who gets in that should not, whether its examples hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.identity.issuers import table_for
from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.broad import Broad, broad
from pipeline_guard.policy.decide import Considered, Decision, consider, decide
from pipeline_guard.policy.parse import Grant, Policy


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision, and every grant that was considered for it."""

    decision: Decision
    considered: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """One example of the policy: what was expected, and what came."""

    name: str
    secret: str
    expected: str
    decision: Decision

    @property
    def holds(self) -> bool:
        """Tell whether it came as expected."""
        return self.decision.allowed == (self.expected == "allow")


def explain(policy: Policy, claims: Mapping[str, object], names: Sequence[str]) -> list[Explained]:
    """Decide for claims given by hand (nothing is verified, nothing is granted); raise UsageError for unusable claims."""
    wanted = list(names) or sorted({name for grant in policy.grants for name in grant.secrets})
    if not wanted:
        raise NothingToDo("the policy grants nothing, so everything is denied", "add grants under policy: in the configuration")
    identity = _identity(claims)
    return [Explained(decide(policy, identity, name), tuple(consider(policy, identity, name))) for name in wanted]


def examples(policy: Policy) -> list[Tried]:
    """Run the policy's own examples; raise NothingToDo where there are none."""
    if not policy.tests:
        raise NothingToDo("the policy has no examples", "add some under policy.tests: name, claims, secret, expect")
    return [Tried(each.name, each.secret, each.expect, decide(policy, _identity(each.claims), each.secret)) for each in policy.tests]


def too_broad(policy: Policy) -> list[Broad]:
    """Return every way into a grant that should not be there, with a token that shows it."""
    return broad(policy)


def unknown_claims(policy: Policy) -> list[str]:
    """Return what grants say of claims that their issuer's tokens do not have, or that whoever starts a job may choose."""
    found = []
    for number, grant in enumerate(policy.grants, start=1):
        table = table_for(grant.issuer)
        label = grant.name or f"number {number}"
        for claim in (*grant.claims, *grant.patterns):
            if claim == "sub":
                found.append(f"grant {label}: sub has several forms, and owners may change its form: name the claims that it is made of")
            elif claim in table.free:
                found.append(f"grant {label}: claim {claim} is free text: whoever starts the job chooses it")
            elif not table.knows(claim):
                found.append(f"grant {label}: tokens of {grant.issuer} have no claim {claim}: it never matches")
    return found


def open_to(issuer: str, secrets: Sequence[str]) -> Policy:
    """Return the policy of a development broker without one: its own issuer's job may have what is bound."""
    if not secrets:
        return Policy()
    return Policy(grants=(Grant(issuer=issuer, claims={"repository_id": "1"}, secrets=tuple(secrets), name="development"),))


def _identity(claims: Mapping[str, object]) -> JobIdentity:
    issuer, audience = claims.get("iss"), claims.get("aud", "pipeline-guard")
    if not isinstance(issuer, str) or not isinstance(audience, str):
        raise UsageError("the claims name no issuer", 'a claims file is a JSON object with "iss", "aud" and the forge\'s claims')
    texts = {name: str(value) for name, value in claims.items() if isinstance(value, str) or type(value) is int}
    return JobIdentity("given", issuer, audience, texts.get("repository", texts.get("project_path", "")), texts)
