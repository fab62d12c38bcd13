# SPDX-License-Identifier: Apache-2.0
"""verify by policy: rules for a subject -> every bundle of it -> who signed, saying what -> is every rule met."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline_guard.errors import GuardError, IntegrityError, UsageError
from pipeline_guard.flows.evidence import is_there, look_at_image, read_at
from pipeline_guard.flows.payloads import BUNDLE_SUFFIX
from pipeline_guard.flows.subjects import PQ_SUFFIX, compare
from pipeline_guard.flows.trust import KeyTrust, Trust, TrustFiles, certificate_trust, judged, read_root
from pipeline_guard.flows.verify import (
    KeyDoors,
    VerifyDoors,
    attested,
    caveats,
    check_present,
    default_bundle,
    find_key,
    is_digest,
    kind_of,
)
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import is_image
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.verification import RuleOutcome, SignatureFound, Verification
from pipeline_guard.sign.demand import Candidate, Unmet, outcome, rules_for, unmet, verdict_of
from pipeline_guard.sign.model_manifest import MODEL
from pipeline_guard.sign.predicate import BESIDE

if TYPE_CHECKING:
    from pipeline_guard.policy.signatures import SignatureRule

_ANOTHER = (SignatureVerdict.UNKNOWN_KEY, SignatureVerdict.NOT_BY_POLICY)  # said of every signer but the one who made it


@dataclass(frozen=True, slots=True)
class _Looked:
    """One subject with what its bundles were worth; ``root`` is a model's digest, once its own signature gave it.

    ``target`` is what bundles are compared with: the subject, or the digest of an image.
    """

    subject: str
    target: str
    kind: str
    candidates: list[Candidate]
    found: list[SignatureFound]
    refusals: list[GuardError]


def verify_by_policy(
    subjects: Sequence[str],
    bundles: Sequence[str],
    rules: Sequence[SignatureRule],
    trusted: TrustFiles,
    *,
    doors: VerifyDoors,
    keys: KeyDoors,
) -> list[Verification]:
    """Verify every subject against every rule that names it, going on after failures; ``bundles`` none means those beside it.

    Raises NothingToDo where no subject exists, UsageError for a signer who cannot be known: policy must be complete to be judged by.
    """
    check_present(subjects, bundles[0] if bundles else "", doors)
    known = [(rule, _signers(rule, trusted, doors, keys)) for rule in rules]
    return [_answer(subject, bundles, known, doors) for subject in subjects]


def bundles_beside(subject: str, doors: VerifyDoors) -> list[str]:
    """Return the bundles that lie where ``sign`` puts them: SUBJECT.sigstore.json, .pq and one for each kind of predicate."""
    if is_digest(subject) or is_image(subject):
        return []
    stem = posixpath.normpath(subject)
    said = [f"{stem}.{word}{suffix}" for word in BESIDE for suffix in (BUNDLE_SUFFIX, PQ_SUFFIX)]
    places = [default_bundle(subject, doors), stem + PQ_SUFFIX, *said]
    return [place for place in places if doors.files.kind(place) != "missing"]


def _signers(rule: SignatureRule, trusted: TrustFiles, doors: VerifyDoors, keys: KeyDoors) -> Mapping[str, Trust]:
    """Return whom a rule trusts, by their labels. Raises UsageError where two share a key: they would be counted as two."""
    found: dict[str, Trust] = {}
    owners: dict[str, str] = {}
    for signer in rule.signers:
        if not signer.key:
            found[signer.label] = certificate_trust(signer.identity, signer.issuer, trusted, doors.files, is_pattern=True)
            continue
        timeline = find_key(signer.key, files=doors.files, keys=keys, clock=doors.clock)
        found[signer.label] = KeyTrust(timeline, read_root(trusted, doors.files))
        for version in timeline.versions:
            other = owners.setdefault(version.fingerprint, signer.label)
            if other != signer.label:
                raise UsageError(f"the signers {other} and {signer.label} have the same key", "each has a key of their own")
    return found


def _answer(
    subject: str, bundles: Sequence[str], known: Sequence[tuple[SignatureRule, Mapping[str, Trust]]], doors: VerifyDoors
) -> Verification:
    target, path, beside = subject, subject if is_digest(subject) else posixpath.normpath(subject), bundles_beside(subject, doors)
    try:
        kind = kind_of(subject, doors)
        if kind == "image":
            image, beside = look_at_image(subject, doors)
            target, path, kind = str(image.digest), image.name, "digest"
    except (IntegrityError, UsageError) as error:
        return Verification(subject, SignatureVerdict.UNREADABLE, "", "", error.what, error.hint)
    asked = rules_for(path, [rule for rule, _ in known])
    places = list(bundles) or beside
    first = places[0] if places else default_bundle(subject, doors)
    if not asked:
        hint = "add a rule whose subjects match it"
        return Verification(subject, SignatureVerdict.NOT_BY_POLICY, first, "", f"{subject}: policy has no rule for it", hint)
    if not [place for place in places if is_there(place, doors)]:
        hint = f"pipeline-guard sign {subject} makes it; --bundle names another place"
        return Verification(subject, SignatureVerdict.NO_SIGNATURE, first, "", f"{first}: no signature there", hint)
    answer: Verification | None = None
    for number, (rule, signers) in enumerate(known, 1):
        if rule not in asked:
            continue
        now = doors.clock.now()
        looked = _look(_Looked(subject, target, kind, [], [], []), places, signers, doors)
        lack = unmet(rule, looked.candidates, now)
        answer = _judged(looked, lack, first, answer, outcome(rule, number, lack, looked.candidates, now), doors)
        if not answer.verified:
            break
    return answer or Verification(subject, SignatureVerdict.NOT_BY_POLICY, first, "", "policy has no rule for it")  # Defensive: see asked


def _look(looked: _Looked, places: Sequence[str], signers: Mapping[str, Trust], doors: VerifyDoors) -> _Looked:
    """Verify every bundle with the keys of one rule. What does not verify is remembered, not fatal: another may do."""
    roots: list[Digest] = []
    for place in places:
        try:
            owner, statement = _by_anybody(read_at(place, doors), place, signers, doors)
            digest, signed_as = _compared(looked, statement, place, roots, doors)
        except (IntegrityError, UsageError) as error:
            verdict = error.verdict if isinstance(error, NotVerified) else SignatureVerdict.TAMPERED
            looked.refusals.append(error)
            looked.found.append(SignatureFound(place, verdict, error.what))
            continue
        judgement = statement.judgement
        looked.candidates.append(Candidate(place, owner, statement, signed_as, str(digest)))
        looked.found.append(
            SignatureFound(place, judgement.verdict, judgement.why, statement.predicate_type, judgement, attested(statement))
        )
    return looked


def _by_anybody(content: bytes, place: str, signers: Mapping[str, Trust], doors: VerifyDoors) -> tuple[str, VerifiedStatement]:
    """Return which signer made a bundle, and what it says. Raises what says most where none did."""
    refusals: list[IntegrityError] = []
    for label, trust in signers.items():
        try:
            return label, judged(content, trust, doors.clock.now(), place)
        except IntegrityError as error:
            refusals.append(error)
    telling = [error for error in refusals if not isinstance(error, NotVerified) or error.verdict not in _ANOTHER]
    raise (telling or refusals)[0]


def _compared(looked: _Looked, statement: VerifiedStatement, place: str, roots: list[Digest], doors: VerifyDoors) -> tuple[Digest, str]:
    """Return the subject's digest, and the other name under which it was signed. Raises IntegrityError where it is not about it."""
    if looked.kind == "folder" and statement.predicate_type != MODEL:
        # statements about a model name its root digest, which its own signature has proven before
        for subject in statement.subjects:
            if subject.digest in roots:
                own = posixpath.basename(posixpath.normpath(looked.subject))
                return subject.digest, "" if subject.name == own else subject.name
    digest, signed_as = compare(looked.target, looked.kind, statement, place, doors.tree, doors.terms)
    if looked.kind == "folder":
        roots.append(digest)
    return digest, "" if looked.kind == "digest" else signed_as


def _judged(
    looked: _Looked, lack: Unmet | None, first: str, before: Verification | None, said: RuleOutcome, doors: VerifyDoors
) -> Verification:
    earlier = before.signatures if before else ()
    rules = (*(before.rules if before else ()), said)
    found = tuple(dict.fromkeys((*earlier, *looked.found)))
    if lack is None:
        chosen = looked.candidates[0]
        judgement = chosen.statement.judgement
        return Verification(
            looked.subject,
            judgement.verdict,
            chosen.bundle,
            "",
            f"policy is met by {', '.join(sorted({each.signer for each in looked.candidates}))}",
            digest=chosen.digest,
            signed_as=chosen.signed_as,
            predicate_type=chosen.statement.predicate_type,
            judgement=judgement,
            signatures=found,
            attested=attested(chosen.statement),
            rules=rules,
            warnings=caveats(looked.subject, judgement, doors),
        )
    answer = Verification(looked.subject, SignatureVerdict.NOT_BY_POLICY, first, "", f"{looked.subject}: {lack.why}", lack.hint)
    if not looked.candidates and looked.refusals:
        error = looked.refusals[0]
        verdict = verdict_of([each.verdict for each in looked.found])
        answer = Verification(looked.subject, verdict, first, "", f"{looked.subject}: {lack.why}; {error.what}", error.hint)
    return replace(answer, signatures=found, rules=rules)
