# SPDX-License-Identifier: Apache-2.0
"""``verify``: one line a subject, and 0 only if everything held."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.look import look_of
from pipeline_guard.cli.spelling import beside, named, printable
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.payloads import to_verify
from pipeline_guard.flows.trust import KeyTrust, Trust, TrustFiles, certificate_trust, read_root
from pipeline_guard.flows.verify import KeyDoors, SignatureFound, Verification, VerifyDoors, find_key, is_digest, verify
from pipeline_guard.model.model_terms import ModelTerms
from pipeline_guard.model.signature import Judgement, SignatureVerdict, SignedBy
from pipeline_guard.report.look import Look, Tone

if TYPE_CHECKING:  # msgspec is for those who have a policy
    from pipeline_guard.config import SignatureRules

SCHEMA = "pipeline-guard/verification/v1"
_MAX_POLICY = 1024 * 1024


def run(args: Args, wiring: Wiring) -> int:
    """Verify and say so; the configuration is read only where neither key, certificate nor policy was named."""
    asked = [subject if is_digest(subject) else named(subject) for subject in args.many("subjects")]
    subjects = to_verify(asked, args.text("subjects-from"), wiring.files)
    bundles = [beside(bundle, subjects) for bundle in args.many("bundle")]
    doors = VerifyDoors(wiring.files, wiring.tree, wiring.clock, _terms(args), wiring.images)
    keys = KeyDoors(wiring.state, partial(wiring.token, args.text("key")))
    rules = _rules(args, wiring)
    if rules:
        from pipeline_guard.flows.demands import verify_by_policy

        answers = verify_by_policy(subjects, bundles, rules, _files(args), doors=doors, keys=keys)
    else:
        answers = verify(subjects, _only(bundles), _trust(args, wiring, keys), doors=doors)
    wiring.console.data(as_json(answers) if args.text("format") == "json" else _text(answers, look_of(args, wiring)))
    for hint in dict.fromkeys(answer.hint for answer in answers if answer.hint):
        wiring.console.talk(f"hint: {printable(hint)}")
    return ExitCode.CLEAN if all(answer.verified for answer in answers) else ExitCode.NO


def _terms(args: Args) -> ModelTerms:
    """Return how strictly folders are compared."""
    ignored = tuple(posixpath.normpath(path) for path in args.many("ignore-path"))
    return ModelTerms(ignored, lenient=args.on("lenient"), remembered=args.on("reuse-digests"))


def _rules(args: Args, wiring: Wiring) -> SignatureRules:
    """Return the policy that was named, or that of the configuration where nobody was named either; none means: by key or certificate."""
    told = [name for name in ("key", "certificate-identity", "certificate-oidc-issuer") if args.text(name)]
    if args.text("policy"):
        from pipeline_guard.config import parse_signature_policy

        if told:
            raise UsageError(f"--policy and --{told[0]} are both there", f"a policy names its own signers: leave --{told[0]} out")
        return parse_signature_policy(wiring.files.read(args.text("policy"), _MAX_POLICY), args.text("policy"))
    return () if told else wiring.config("").verify.policy


def _trust(args: Args, wiring: Wiring, keys: KeyDoors) -> Trust:
    """Read whom to trust: who is named by a key, or by a certificate."""
    identity, issuer, files = args.text("certificate-identity"), args.text("certificate-oidc-issuer"), _files(args)
    if identity or issuer:
        if args.text("key"):
            raise UsageError("a key and a certificate's identity", "give either --key or --certificate-identity")
        return certificate_trust(identity, issuer, files, wiring.files)
    key = args.text("key") or wiring.config("").verify.key
    if not key:
        raise UsageError("no key to verify with", "name a PEM file or a key with --key, or key under verify: in the configuration")
    if files.revoked:
        raise UsageError("a list of revoked certificates, and a key", "a key's own life says whether it is revoked: give its timeline")
    timeline = find_key(key, files=wiring.files, keys=keys, clock=wiring.clock)
    return KeyTrust(timeline, read_root(files, wiring.files)) if files != TrustFiles() else timeline


def _files(args: Args) -> TrustFiles:
    return TrustFiles(*(args.text(name) for name in ("trusted-root", "certificate-roots", "tsa-certificate", "revoked-certificates")))


def _only(bundles: Sequence[str]) -> str:
    if len(bundles) > 1:
        raise UsageError("several bundles without a policy", "a policy says what they are for: --policy FILE; or verify each by itself")
    return bundles[0] if bundles else ""


def _text(answers: Sequence[Verification], look: Look) -> str:
    return look.fit("\n".join(_painted(printable(_line(answer)), look) for answer in answers))


def _painted(line: str, look: Look) -> str:
    word = line[:4]
    return look.paint(word, Tone.BAD if word == "FAIL" else Tone.GOOD) + line[4:]


def _line(answer: Verification) -> str:
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


def as_json(answers: Sequence[Verification]) -> str:
    """Return the answers as docs/schemas/verification.v1.json describes them."""
    return json.dumps({"schema": SCHEMA, "subjects": [_answer(answer) for answer in answers]}, indent=2)


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
    }


def _found(found: SignatureFound) -> dict[str, object]:
    return {
        "bundle": found.bundle,
        "verdict": found.verdict.value,
        "why": found.why,
        "signer": _signer(found.judgement.by) if found.judgement else None,
        "time": _time(found.judgement),
        "predicate_type": found.predicate_type,
    }


def _time(judgement: Judgement | None) -> dict[str, object] | None:
    if judgement is None or judgement.time is None:
        return None
    return {"time": judgement.time.time.isoformat(), "source": judgement.time.source}


def _signer(by: SignedBy) -> dict[str, object]:
    return {
        "fingerprint": f"sha256:{by.fingerprint}" if by.fingerprint else "",
        "type": by.key_type,
        "name": by.key_name,
        "version": by.key_version,
        "identity": by.identity,
        "issuer": by.issuer,
    }
