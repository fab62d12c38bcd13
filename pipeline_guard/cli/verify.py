# SPDX-License-Identifier: Apache-2.0
"""``verify``: one line a subject, and 0 only if everything held."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.output import deliver, targets
from pipeline_guard.cli.spelling import beside, named
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.payloads import to_verify
from pipeline_guard.flows.trust import KeyTrust, Trust, TrustFiles, certificate_trust, read_root
from pipeline_guard.flows.verify import KeyDoors, VerifyDoors, find_key, is_digest, verify
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.model_terms import ModelTerms
from pipeline_guard.model.verification import PolicyRead, Verified
from pipeline_guard.report.as_verification import FORMS, render
from pipeline_guard.report.escape import printable

if TYPE_CHECKING:  # msgspec is for those who have a policy
    from pipeline_guard.config import SignatureRules

_MAX_POLICY = 1024 * 1024


def run(args: Args, wiring: Wiring) -> int:
    """Verify and say so; the configuration is read only where neither key, certificate nor policy was named."""
    files = targets(args, FORMS)  # a form that is misspelt is told before anything is looked at
    asked = [subject if is_digest(subject) else named(subject) for subject in args.many("subjects")]
    subjects = to_verify(asked, args.text("subjects-from"), wiring.files)
    bundles = [beside(bundle, subjects) for bundle in args.many("bundle")]
    doors = VerifyDoors(wiring.files, wiring.tree, wiring.clock, _terms(args), wiring.images)
    keys = KeyDoors(wiring.state, partial(wiring.token, args.text("key")))
    rules, policy = _rules(args, wiring)
    if rules:
        from pipeline_guard.flows.demands import verify_by_policy

        answers = verify_by_policy(subjects, bundles, rules, _files(args), doors=doors, keys=keys)
    else:
        answers = verify(subjects, _only(bundles), _trust(args, wiring, keys), doors=doors)
    deliver(args, wiring, files, partial(render, Verified(tuple(answers), policy)))
    for hint in dict.fromkeys(answer.hint for answer in answers if answer.hint):
        wiring.console.talk(f"hint: {printable(hint)}")
    return ExitCode.CLEAN if all(answer.verified for answer in answers) else ExitCode.NO


def _terms(args: Args) -> ModelTerms:
    """Return how strictly folders are compared."""
    ignored = tuple(posixpath.normpath(path) for path in args.many("ignore-path"))
    return ModelTerms(ignored, lenient=args.on("lenient"), remembered=args.on("reuse-digests"))


def _rules(args: Args, wiring: Wiring) -> tuple[SignatureRules, PolicyRead | None]:
    """Return the policy that was named, or that of the configuration where nobody was named either; none means: by key or certificate."""
    told = [name for name in ("key", "certificate-identity", "certificate-oidc-issuer") if args.text(name)]
    if args.text("policy"):
        from pipeline_guard.config import parse_signature_policy

        if told:
            raise UsageError(f"--policy and --{told[0]} are both there", f"a policy names its own signers: leave --{told[0]} out")
        content = wiring.files.read(args.text("policy"), _MAX_POLICY)
        return parse_signature_policy(content, args.text("policy")), PolicyRead(args.text("policy"), Digest.sha256(content))
    if told or not (config := wiring.config("")).verify.policy:
        return (), None
    from pipeline_guard.config import canonical

    return config.verify.policy, PolicyRead("the configuration", Digest.sha256(canonical(config)))


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
