# SPDX-License-Identifier: Apache-2.0
"""``verify``: one line a subject, and 0 only if everything held."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.verify import KeyDoors, Verification, VerifyDoors, find_public_key, is_digest, verify
from pipeline_guard.model.model_terms import ModelTerms

SCHEMA = "pipeline-guard/verification/v1"


def run(args: Args, wiring: Wiring) -> int:
    """Verify and say so; the configuration is read only where no key was named."""
    if not args.text("key"):
        args = args.with_section(wiring.config("").verify)
    if not args.text("key"):
        raise UsageError("no key to verify with", "name a PEM file or a key with --key, or key under verify: in the configuration")
    subjects = [subject if is_digest(subject) else named(subject) for subject in args.many("subjects")]
    public_pem = find_public_key(args.text("key"), files=wiring.files, keys=KeyDoors(wiring.state, partial(wiring.token, args.text("key"))))
    bundle = beside(args.text("bundle"), subjects)
    answers = verify(subjects, bundle, public_pem, doors=VerifyDoors(wiring.files, wiring.tree), terms=_terms(args))
    wiring.console.data(_json(answers) if args.text("format") == "json" else _text(answers))
    for hint in dict.fromkeys(answer.hint for answer in answers if answer.hint):
        wiring.console.talk(f"hint: {printable(hint)}")
    return ExitCode.CLEAN if all(answer.verified for answer in answers) else ExitCode.NO


def _terms(args: Args) -> ModelTerms:
    """Return how strictly folders are compared."""
    ignored = tuple(posixpath.normpath(path) for path in args.many("ignore-path"))
    return ModelTerms(ignored, lenient=args.on("lenient"), remembered=args.on("reuse-digests"))


def named(subject: str) -> str:
    """Return ``subject`` spelt so that its last part is a name: ``.`` and ``..`` become the folder they mean."""
    if not subject.strip():
        raise UsageError("an empty subject", "an unset variable? name a file or folder")
    return subject if Path(subject).name not in ("", "..") else str(Path(subject).resolve())


def beside(bundle: str, subjects: Sequence[str]) -> str:
    """Return ``bundle`` absolute where a subject is, relative where the subjects are, so that their spellings compare."""
    if not bundle or not subjects or Path(bundle).is_absolute() == Path(subjects[0]).is_absolute():
        return bundle
    return os.path.relpath(bundle) if Path(bundle).is_absolute() else str(Path.cwd() / bundle)


def printable(text: str) -> str:
    """Return ``text`` on one line, whatever a file may be called."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _text(answers: Sequence[Verification]) -> str:
    return "\n".join(
        printable(f"ok   {answer.subject}  key sha256:{answer.key}" if answer.verified else f"FAIL {answer.subject}  {answer.why}")
        for answer in answers
    )


def _json(answers: Sequence[Verification]) -> str:
    subjects = [
        {
            "subject": answer.subject,
            "verified": answer.verified,
            "why": answer.why,
            "key": f"sha256:{answer.key}",
            "digest": answer.digest,
            "predicate_type": answer.predicate_type,
            "bundle": answer.bundle,
        }
        for answer in answers
    ]
    return json.dumps({"schema": SCHEMA, "subjects": subjects}, indent=2)
