# SPDX-License-Identifier: Apache-2.0
"""Verdicts of the gate as signed statements: an SLSA verification summary that says which change it is about.

The subject's name and its git commit are for other readers; ours goes by the digest over the whole occasion, which the
predicate spells out under a field of our own (in-toto: readers ignore fields that they do not know).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.occasion import Occasion
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.verdict import Outcome
from pipeline_guard.sign.canonical import canonical
from pipeline_guard.sign.statement import STATEMENT

SUMMARY = "https://slsa.dev/verification_summary/v1"
VERIFIER = "urn:pipeline-guard:gate:v1"  # a URN cannot be claimed by somebody else's domain
_OWN = "pipelineGuardGate"
_EARLY = timedelta(minutes=5)  # clocks differ
_HINT = "run the gate again on what is to be merged"
# What to say of a field that differs; the order is that of the questions a person would ask.
_DIFFERENT = {
    "repository": "made for another repository",
    "change": "made for another change",
    "head": "made for another commit",
    "base": "made against another merge target",
    "merge": "made for another merge commit",
    "tree": "made over another tree",
    "policy": "made under another policy",
    "tool": "made by another tool",
    "tool_version": "made by another version of the tool",
    "advisories": "made with another database of advisories",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A verdict as it was signed, nothing of it compared yet."""

    occasion: Occasion
    outcome: str
    time: datetime
    report: str  # SHA-256 of the verdict's JSON document


def verdict_payload(occasion: Occasion, outcome: Outcome, time: datetime, report: Digest) -> bytes:
    """Return the payload to sign."""
    subject = {"gitCommit": occasion.head, "sha256": _fingerprint(occasion)}
    predicate: dict[str, Any] = {
        "verifier": {"id": VERIFIER, "version": {"pipeline-guard": occasion.tool_version}},
        "timeVerified": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": f"urn:pipeline-guard:repository:{occasion.repository}",
        "policy": {"uri": "urn:pipeline-guard:gate-policy", "digest": {"sha256": occasion.policy}},
        "inputAttestations": [],
        "verificationResult": "PASSED" if outcome is Outcome.ALLOW else "FAILED",
        "verifiedLevels": [],
        "slsaVersion": "1.1",
        _OWN: {"outcome": outcome.value, "report": {"sha256": report.hex}, **asdict(occasion)},
    }
    name = f"{occasion.repository}@{occasion.head}"
    return canonical({"_type": STATEMENT, "subject": [{"name": name, "digest": subject}], "predicateType": SUMMARY, "predicate": predicate})


def read_verdict(statement: VerifiedStatement, name: str) -> Claimed:
    """Take a verified statement for a verdict; raise IntegrityError where it is none, or contradicts itself."""
    own = statement.predicate.get(_OWN)
    verifier = statement.predicate.get("verifier")
    if statement.predicate_type != SUMMARY or not isinstance(verifier, dict) or verifier.get("id") != VERIFIER:
        raise IntegrityError(f"{name}: signed, but no verdict of the gate", "give what gate --sign-verdict wrote")
    if not isinstance(own, dict):
        raise IntegrityError(f"{name}: a verdict that does not say what it is about", _HINT)
    occasion = _occasion(own, name)
    outcome = own.get("outcome")
    result = statement.predicate.get("verificationResult")
    subjects = [subject.digest for subject in statement.subjects]
    if (
        subjects != [Digest("sha256", _fingerprint(occasion))]
        or (outcome == "allow") != (result == "PASSED")
        or not isinstance(outcome, str)
    ):
        raise IntegrityError(f"{name}: a verdict that contradicts itself", _HINT)
    try:
        time = datetime.strptime(str(statement.predicate.get("timeVerified")), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise IntegrityError(f"{name}: a verdict without a time", _HINT) from None
    report = own.get("report")
    return Claimed(occasion, outcome, time, str(report.get("sha256", "")) if isinstance(report, dict) else "")


def check_verdict(claimed: Claimed, expected: Mapping[str, str], now: datetime, max_age: timedelta, name: str) -> None:
    """Raise IntegrityError, its reason distinct, unless the verdict is an allowance for exactly what is ``expected``, and fresh.

    ``expected`` gives fields of Occasion; one that is missing there is not compared.
    """
    own = asdict(claimed.occasion)
    for field, words in _DIFFERENT.items():
        if field in expected and own[field] != expected[field]:
            raise IntegrityError(f"{name}: {words}: {own[field][:100] or 'none'}, not {expected[field][:100] or 'none'}", _HINT)
    if claimed.time > now + _EARLY:
        raise IntegrityError(f"{name}: dated {claimed.time:%Y-%m-%d %H:%M} UTC, which is yet to come", "check the clocks of both machines")
    if now - claimed.time > max_age:
        raise IntegrityError(f"{name}: expired: made {claimed.time:%Y-%m-%d %H:%M} UTC, more than {max_age} ago", _HINT)
    if claimed.outcome != Outcome.ALLOW.value:
        raise IntegrityError(f"{name}: the verdict is {claimed.outcome}", "mend what the gate reported, then run it again")


def _fingerprint(occasion: Occasion) -> str:
    return Digest.sha256(canonical(asdict(occasion))).hex


def _occasion(own: Mapping[str, Any], name: str) -> Occasion:
    fields = {field: own.get(field) for field in _DIFFERENT}
    if not all(isinstance(value, str) for value in fields.values()):
        raise IntegrityError(f"{name}: a verdict that does not say what it is about", _HINT)
    return Occasion(**{field: str(value) for field, value in fields.items()})
