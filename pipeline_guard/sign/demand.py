# SPDX-License-Identifier: Apache-2.0
"""Do the signatures of a subject meet what policy demands of it? Pure: signatures and rules in, a reason out.

Deny by default: a subject that no rule names is refused, a rule that is not met in every part is not met, and there is always a why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline_guard.model.signature import SignatureVerdict
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.verification import RuleOutcome
from pipeline_guard.sign.pattern import matches
from pipeline_guard.sign.predicate import TEST_RESULT, VSA, facts_of, field, is_of
from pipeline_guard.sign.public_key import ML_DSA
from pipeline_guard.sign.statement import PROVENANCE

if TYPE_CHECKING:  # msgspec is for those who have a policy
    from pipeline_guard.policy.signatures import PredicateRule, SignatureRule

_RESULT = {TEST_RESULT: "result", VSA: "verificationResult"}
_BUILD_LEVEL = re.compile(r"SLSA_BUILD_LEVEL_([0-9])")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement about the subject that verified, by which of the rule's signers (its label), under which other name ("": its own)."""

    bundle: str
    signer: str
    statement: VerifiedStatement
    signed_as: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a rule is not met, and what would meet it."""

    why: str
    hint: str


def rules_for(path: str, rules: Sequence[SignatureRule]) -> list[SignatureRule]:
    """Return the rules that name a subject: patterns match the whole path; those without a slash its last part."""
    base = path.rpartition("/")[2]
    return [rule for rule in rules if any(matches(pattern, path if "/" in pattern else base) for pattern in rule.subjects)]


def unmet(rule: SignatureRule, found: Iterable[Candidate], now: datetime) -> Unmet | None:
    """Return what a rule still lacks, None where it is met. ``found`` are statements by signers of this rule only."""
    candidates = [each for each in found if rule.allow_renamed or not each.signed_as]
    renamed = [each for each in found if each not in candidates]
    if not candidates:
        if renamed:
            name = renamed[0].signed_as
            return Unmet(f"signed under another name ({name[:100]})", "rename it, or say allow-renamed: true in the rule")
        return Unmet("no signature by anybody whom policy names", f"have it signed by {_some(signer.label for signer in rule.signers)}")
    if rule.max_age_days:
        fresh = _counting(rule, candidates, now)
        if not fresh:
            why = f"nothing proves that a signature is younger than {rule.max_age_days} days"
            return Unmet(why, "have it signed again, with a timestamp")
        candidates = fresh
    signers = {each.signer for each in candidates}
    if len(signers) < rule.threshold:
        missing = sorted({signer.label for signer in rule.signers} - signers)
        return Unmet(
            f"signed by {len(signers)} of the {rule.threshold} that policy demands ({_some(sorted(signers))})",
            f"have it signed by {_some(missing)}, each into a bundle of its own",
        )
    return _kinds(rule, candidates) or _predicates(rule, candidates) or _level(rule, candidates)


def outcome(rule: SignatureRule, number: int, lack: Unmet | None, found: Iterable[Candidate], now: datetime) -> RuleOutcome:
    """Return how far a rule is met, in numbers; ``number`` is its place in the policy, from 1, ``lack`` what ``unmet`` said of it."""
    counting = _counting(rule, found, now)
    return RuleOutcome(
        number,
        rule.subjects,
        lack is None,
        lack.why if lack else "",
        rule.threshold,
        tuple(sorted({each.signer for each in counting})),
        rule.slsa_level,
        _reached(rule, counting),
        rule.require,
        tuple(sorted({_kind(each) for each in counting})),
    )


def _counting(rule: SignatureRule, found: Iterable[Candidate], now: datetime) -> list[Candidate]:
    """Return the statements that count for a rule: about the subject under its own name, unless it may be renamed, and young enough."""
    limit = timedelta(days=rule.max_age_days)
    return [each for each in found if (rule.allow_renamed or not each.signed_as) and (not limit or _is_younger(each, limit, now))]


def _kind(candidate: Candidate) -> str:
    return "pq" if candidate.statement.judgement.by.key_type == ML_DSA else "classical"


def _is_younger(candidate: Candidate, limit: timedelta, now: datetime) -> bool:
    time = candidate.statement.judgement.time
    return time is not None and time.time > now - limit


def _kinds(rule: SignatureRule, candidates: Sequence[Candidate]) -> Unmet | None:
    """Every kind of signature that is required, all over one payload."""
    if not rule.require:
        return None
    kinds: dict[str, set[str]] = {}
    for each in candidates:
        kinds.setdefault(each.statement.payload_digest.hex, set()).add(_kind(each))
    if any(set(rule.require) <= found for found in kinds.values()):
        return None
    missing = [kind for kind in rule.require if not any(kind in found for found in kinds.values())]
    if missing:
        return Unmet(f"no {missing[0]} signature", "sign it with both: pipeline-guard sign --key NAME --pq-key NAME")
    return Unmet("the classical and the pq signature are over different payloads", "sign both at once: --key NAME --pq-key NAME")


def _predicates(rule: SignatureRule, candidates: Sequence[Candidate]) -> Unmet | None:
    for wanted in rule.predicates:
        reasons = []
        for each in candidates:
            if not is_of(each.statement.predicate_type, wanted.type):
                continue
            why = f"by {each.signer}, who does not count for it" if wanted.by and each.signer not in wanted.by else ""
            why = why or mismatch(wanted, each.statement.predicate_type, each.statement.predicate)
            if not why:
                break
            reasons.append(why)
        else:
            told = f": {reasons[0]}" if reasons else ""
            return Unmet(f"no statement of type {wanted.type} as demanded{told}", "have the job that makes it sign its result")
    return None


def mismatch(wanted: PredicateRule, predicate_type: str, predicate: Mapping[str, Any]) -> str:
    """Say in what a predicate differs from what is wanted, "" where in nothing."""
    expected: list[tuple[str, str, object]] = []
    if predicate_type == PROVENANCE:
        expected += [(name, getattr(wanted, name), value) for name, value in _built(predicate).items()]
    elif wanted.builder or wanted.source or wanted.workflow or wanted.ref or wanted.build_type:
        return "only provenance tells a builder"
    if predicate_type == VSA:
        verifier, resource = field(predicate, ("verifier", "id")), predicate.get("resourceUri")
        expected += [("verifier", wanted.verifier, verifier), ("resource", wanted.resource, resource)]
        missing = [level for level in wanted.levels if not _reaches(level, predicate.get("verifiedLevels"))]
        if missing:
            return f"it does not vouch for {missing[0]}"
    elif wanted.verifier or wanted.resource or wanted.levels:
        return "only a verification summary tells a verifier"
    result = _RESULT.get(predicate_type, "result" if wanted.result else "")
    if result:
        expected.append(("result", wanted.result or "PASSED", predicate.get(result)))
    expected += [(path, value, field(predicate, tuple(path.split(".")))) for path, value in wanted.fields.items()]
    for name, pattern, value in expected:
        if pattern and not (isinstance(value, str) and matches(pattern, value)):
            shown = value[:120] if isinstance(value, str) else "not there"
            return f"its {name.replace('_', ' ')} is {shown}, not {pattern}"
    return ""


def _built(predicate: Mapping[str, Any]) -> dict[str, object]:
    facts = facts_of(PROVENANCE, predicate)
    return {name: getattr(facts, name) or None for name in ("builder", "build_type", "source", "workflow", "ref")}


def _reaches(level: str, verified: object) -> bool:
    """Tell whether verified levels include one; a higher build level includes the lower ones."""
    if not isinstance(verified, list):
        return False
    wanted = _BUILD_LEVEL.fullmatch(level)
    if wanted is None:
        return level in verified
    found = [_BUILD_LEVEL.fullmatch(each) for each in verified if isinstance(each, str)]
    return any(each is not None and int(each[1]) >= int(wanted[1]) for each in found)


def _level(rule: SignatureRule, candidates: Sequence[Candidate]) -> Unmet | None:
    if _reached(rule, candidates) >= rule.slsa_level:
        return None
    hint = "have it built by a builder that policy names, or ask a verifier for a summary"
    return Unmet(f"nothing proves SLSA build level {rule.slsa_level}", hint)


def _reached(rule: SignatureRule, candidates: Sequence[Candidate]) -> int:
    """Return the highest SLSA build level that the statements prove to a rule, 0 for none."""
    found = 0
    for each in candidates:
        predicate = each.statement.predicate
        if each.statement.predicate_type == PROVENANCE:
            builder = field(predicate, ("runDetails", "builder", "id"))
            levels = [level for pattern, level in rule.builders.items() if isinstance(builder, str) and matches(pattern, builder)]
            found = max(found, *levels) if levels else found
        if each.statement.predicate_type == VSA and predicate.get("verificationResult") == "PASSED":
            verifier = field(predicate, ("verifier", "id"))
            known = isinstance(verifier, str) and any(matches(pattern, verifier) for pattern in rule.verifiers)
            if known:
                verified = predicate.get("verifiedLevels")
                found = max(found, *(level for level in range(10) if _reaches(f"SLSA_BUILD_LEVEL_{level}", verified)), 0)
    return found


def _some(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:4]) + (" ..." if len(found) > 4 else "") if found else "nobody"


def verdict_of(refusals: Sequence[SignatureVerdict]) -> SignatureVerdict:
    """Return the verdict to tell where no signature counts: that of the only refusal there is, else that policy is not met."""
    return refusals[0] if len(set(refusals)) == 1 else SignatureVerdict.NOT_BY_POLICY
