# SPDX-License-Identifier: Apache-2.0
"""The answers of ``verify``: a line a subject for people, JSON with everything for machines, Markdown and annotations for forges."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline_guard.model.signature import CertifiedBy, Judgement, SignatureVerdict, SignedBy
from pipeline_guard.model.verification import Attested, RuleOutcome, SignatureFound, Verification, Verified
from pipeline_guard.report.escape import printable
from pipeline_guard.report.look import Look, Tone

SCHEMA = "pipeline-guard/verification/v1"
FORMS = ("text", "json", "markdown", "github")
_SUBJECTS = 1000  # of one statement; a list of a hundred thousand is nothing to decide by, and the payload's digest names it


def render(verified: Verified, form: str, look: Look) -> str:
    """Return the answers in one of FORMS."""
    if form == "json":
        return as_json(verified)
    if form == "markdown":
        return _as_markdown(verified)
    if form == "github":
        return _as_annotations(verified)
    return look.fit("\n".join(_painted(printable(line_of(answer)), look) for answer in verified.answers))


def line_of(answer: Verification) -> str:
    """Return the one line that tells people the answer."""
    if not answer.verified or answer.judgement is None:
        return f"FAIL {answer.subject}  {answer.verdict.value}: {answer.why}"
    by, more = answer.judgement.by, ""
    if answer.signed_as:
        more += f"  signed as {answer.signed_as}"
    if answer.verdict is not SignatureVerdict.VALID:
        more += f"  {answer.verdict.value}: {answer.why}"
    if by.identity:
        return f"ok   {answer.subject}  {by.identity} by {by.issuer or 'its authority'}{more}"
    name = f"{by.key_name}/{by.key_version} " if by.key_name and by.key_version else ""
    if answer.signatures:
        more += f"  {answer.why}"
    return f"ok   {answer.subject}  key {name}sha256:{by.fingerprint}{more}"


def _painted(line: str, look: Look) -> str:
    word = line[:4]
    return look.paint(word, Tone.BAD if word == "FAIL" else Tone.GOOD) + line[4:]


def _as_markdown(verified: Verified) -> str:
    from pipeline_guard.report.as_markdown import LIMIT, bounded, code, markup  # most want a line of text

    answers = verified.answers
    held = sum(answer.verified for answer in answers)
    lines = ["## pipeline-guard verify", "", f"**{held} of {len(answers)} verified**", ""]
    lines += ["| verdict | subject | why | next step |", "| --- | --- | --- | --- |"]
    rows = (
        f"| {answer.verdict.value} | {code(answer.subject)} | {markup(answer.why)} | {markup(answer.hint)} |"
        for answer in sorted(answers, key=lambda answer: answer.verified)
    )
    return "\n".join([*lines, *bounded(rows, LIMIT, len(answers), "subjects")]) + "\n"


def _as_annotations(verified: Verified) -> str:
    from pipeline_guard.report.as_annotations import SHOWN, annotation

    failed = [answer for answer in verified.answers if not answer.verified]
    lines = [
        annotation("error", f"{answer.subject}: {answer.verdict.value}", f"{answer.why}. {answer.hint}".strip())
        for answer in failed[:SHOWN]
    ]
    if len(failed) > SHOWN:
        lines.append(f"{len(failed) - SHOWN} more do not verify: see the job summary or the report file")
    held = len(verified.answers) - len(failed)
    return "\n".join([*lines, f"pipeline-guard verify: {held} of {len(verified.answers)} verified"]) + "\n"


def as_json(verified: Verified) -> str:
    """Return the answers as docs/schemas/verification.v1.json describes them; each statement once, however many answers rest on it."""
    statements: dict[str, dict[str, object]] = {}
    for answer in verified.answers:
        for attested in (answer.attested, *(found.attested for found in answer.signatures)):
            if attested is not None:
                statements.setdefault(str(attested.payload), _statement(attested))
    policy = verified.policy
    document = {
        "schema": SCHEMA,
        "subjects": [_answer(answer) for answer in verified.answers],
        "statements": list(statements.values()),
        "policy": {"source": policy.source, "digest": str(policy.digest)} if policy else None,
    }
    return json.dumps(document, indent=2)


def _answer(answer: Verification) -> dict[str, object]:
    judgement = answer.judgement
    return {
        "subject": answer.subject,
        "verified": answer.verified,
        "verdict": answer.verdict.value,
        "why": answer.why,
        "hint": answer.hint,
        "key": f"sha256:{answer.asked}" if answer.asked else "",
        "signer": _signer(judgement.by) if judgement else None,
        "time": _time(judgement),
        "digest": answer.digest,
        "signed_as": answer.signed_as,
        "predicate_type": answer.predicate_type,
        "bundle": answer.bundle,
        "signatures": [_found(found) for found in answer.signatures],
        "payload": str(answer.attested.payload) if answer.attested else "",
        "media_type": answer.attested.media_type if answer.attested else "",
        "rules": [_rule(rule) for rule in answer.rules],
        "warnings": list(answer.warnings),
    }


def _found(found: SignatureFound) -> dict[str, object]:
    return {
        "bundle": found.bundle,
        "verdict": found.verdict.value,
        "why": found.why,
        "signer": _signer(found.judgement.by) if found.judgement else None,
        "time": _time(found.judgement),
        "predicate_type": found.predicate_type,
        "payload": str(found.attested.payload) if found.attested else "",
        "media_type": found.attested.media_type if found.attested else "",
    }


def _statement(attested: Attested) -> dict[str, object]:
    facts = attested.facts
    claims: dict[str, object] = {name: getattr(facts, name) for name in facts.__slots__ if getattr(facts, name)}
    return {
        "payload": str(attested.payload),
        "predicate_type": attested.predicate_type,
        "subject_count": len(attested.subjects),
        "subjects": [{"name": subject.name, "digest": str(subject.digest)} for subject in attested.subjects[:_SUBJECTS]],
        "facts": claims,
    }


def _rule(rule: RuleOutcome) -> dict[str, object]:
    return {
        "number": rule.number,
        "subjects": list(rule.subjects),
        "met": rule.met,
        "why": rule.why,
        "threshold": {"required": rule.threshold, "reached": len(rule.signers), "signers": list(rule.signers)},
        "slsa_level": {"required": rule.slsa_required, "reached": rule.slsa_reached},
        "kinds": {"required": list(rule.require), "found": list(rule.kinds)},
    }


def _time(judgement: Judgement | None) -> dict[str, object] | None:
    if judgement is None or judgement.time is None:
        return None
    time = judgement.time
    return {"time": time.time.isoformat(), "source": time.source, "latest": time.latest.isoformat()}


def _signer(by: SignedBy) -> dict[str, object]:
    return {
        "fingerprint": f"sha256:{by.fingerprint}" if by.fingerprint else "",
        "type": by.key_type,
        "name": by.key_name,
        "version": by.key_version,
        "identity": by.identity,
        "issuer": by.issuer,
        "certificate": _certificate(by.certificate) if by.certificate else None,
    }


def _certificate(certificate: CertifiedBy) -> Mapping[str, object]:
    return {
        "fingerprint": f"sha256:{certificate.fingerprint}",
        "serial": certificate.serial,
        "begins": certificate.begins.isoformat(),
        "ends": certificate.ends.isoformat(),
        "root": certificate.root,
        "root_fingerprint": f"sha256:{certificate.root_fingerprint}",
    }
