# SPDX-License-Identifier: Apache-2.0
"""Verification Summary Attestations (SLSA 1.2): what a verifier found, for those who trust it and want to look no further."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.subject import Subject
from pipeline_guard.sign.predicate import VSA
from pipeline_guard.sign.statement import statement_payload

SLSA_VERSION = "1.2"
_LEVEL = re.compile(r"SLSA_[A-Z]+_LEVEL_(UNEVALUATED|[0-9])|[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Input:
    """One attestation that was looked at: its digest, and where it lies ("" where nobody need know)."""

    digest: Digest
    uri: str = ""


def summary_payload(
    subjects: Sequence[Subject],
    verifier_id: str,
    time: datetime,
    resource_uri: str,
    *,
    policy_digest: Digest,
    policy_uri: str,
    passed: bool,
    inputs: Sequence[Input] = (),
    levels: Sequence[str] = (),
    dependency_levels: Mapping[str, int] | None = None,
) -> bytes:
    """Return the payload of a summary over ``subjects``; sign it as any other.

    ``verifier_id`` and ``resource_uri`` are URIs, ``levels`` such as "SLSA_BUILD_LEVEL_2"; what failed has none.
    Raises UsageError for what readers would refuse.
    """
    if not verifier_id or not resource_uri or not policy_uri:
        raise UsageError("a summary names its verifier, the resource and the policy", "each by a URI")
    if time.tzinfo is None:
        raise UsageError("the time of a summary has no zone", "give it in UTC")
    unknown = [level for level in levels if not _LEVEL.fullmatch(level)]
    if unknown:
        raise UsageError(f"not a level: {unknown[0][:40]!r}", "write it like SLSA_BUILD_LEVEL_2")
    if levels and not passed:
        raise UsageError("what did not pass has no levels", "leave them out")
    predicate: dict[str, Any] = {
        "verifier": {"id": verifier_id},
        "timeVerified": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": resource_uri,
        "policy": {"uri": policy_uri, "digest": {policy_digest.algorithm: policy_digest.hex}},
        "inputAttestations": [_input(each) for each in inputs],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": list(levels),
        "slsaVersion": SLSA_VERSION,
    }
    if dependency_levels:
        predicate["dependencyLevels"] = dict(dependency_levels)
    return statement_payload(subjects, VSA, predicate)


def _input(given: Input) -> dict[str, Any]:
    digest = {given.digest.algorithm: given.digest.hex}
    return {"uri": given.uri, "digest": digest} if given.uri else {"digest": digest}
