# SPDX-License-Identifier: Apache-2.0
"""The answer of a verification: one for each subject, with all that somebody needs who has to decide by it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import Judgement, SignatureVerdict
from pipeline_guard.model.subject import Subject


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a predicate claims that policies ask about, "" where it does not say: of provenance, then of verification summaries."""

    builder: str = ""
    build_type: str = ""
    source: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""
    verifier: str = ""
    resource: str = ""
    result: str = ""
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attested:
    """A verified statement as it is told: ``payload`` is the digest of the signed bytes, ``media_type`` that of the bundle."""

    payload: Digest
    predicate_type: str
    subjects: tuple[Subject, ...]
    facts: StatementFacts
    media_type: str


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """How far one rule of a policy is met; ``number`` counts from 1 in the order of the policy, ``why`` is "" where it is met.

    ``signers`` are the labels of those who signed and count, of ``threshold`` that are needed. ``slsa_reached`` is the build level that
    the statements prove to this rule, 0 for none. ``kinds`` are the kinds of signature found, ``require`` those that are needed.
    """

    number: int
    subjects: tuple[str, ...]
    met: bool
    why: str
    threshold: int
    signers: tuple[str, ...]
    slsa_required: int
    slsa_reached: int
    require: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignatureFound:
    """What one bundle was worth for a subject; ``judgement`` and ``attested`` only where it counts."""

    bundle: str
    verdict: SignatureVerdict
    why: str
    predicate_type: str = ""
    judgement: Judgement | None = None
    attested: Attested | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer for one subject.

    ``why`` is a sentence, ``hint`` what to do next ("" where it holds). ``asked`` is the fingerprint of the newest key asked for.
    ``signed_as`` is the name under which the subject was signed, where that is another one. ``signatures`` are all that were looked at,
    where policy decided, and ``rules`` what each of its rules said. ``warnings`` are sentences about what was not looked at.
    """

    subject: str
    verdict: SignatureVerdict
    bundle: str
    asked: str
    why: str
    hint: str = ""
    digest: str = ""
    signed_as: str = ""
    predicate_type: str = ""
    judgement: Judgement | None = None
    signatures: tuple[SignatureFound, ...] = ()
    attested: Attested | None = None
    rules: tuple[RuleOutcome, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether it holds."""
        return self.verdict.holds


@dataclass(frozen=True, slots=True)
class PolicyRead:
    """The policy that decided, ``source`` as people name it; None where a key or certificate was named instead."""

    source: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Verified:
    """All answers of one run."""

    answers: tuple[Verification, ...]
    policy: PolicyRead | None = None
