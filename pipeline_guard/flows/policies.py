# SPDX-License-Identifier: Apache-2.0
"""Policy questions: why a decision falls as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.model.identity import JobIdentity
from pipeline_guard.policy.decide import Decision, decide
from pipeline_guard.policy.parse import Policy


def explain(policy: Policy, claims: Mapping[str, object], names: Sequence[str]) -> list[Decision]:
    """Decide for claims given by hand (nothing is verified, nothing is granted); raise UsageError for unusable claims."""
    wanted = list(names) or sorted({name for grant in policy.grants for name in grant.secrets})
    if not wanted:
        raise NothingToDo("the policy grants nothing, so everything is denied", "add grants under policy: in the configuration")
    issuer, audience = claims.get("iss"), claims.get("aud", "pipeline-guard")
    if not isinstance(issuer, str) or not isinstance(audience, str):
        raise UsageError("the claims name no issuer", 'a claims file is a JSON object with "iss", "aud" and the forge\'s claims')
    texts = {name: str(value) for name, value in claims.items() if isinstance(value, str) or type(value) is int}
    identity = JobIdentity("given", issuer, audience, texts.get("repository", texts.get("project_path", "")), texts)
    return [decide(policy, identity, name) for name in wanted]
