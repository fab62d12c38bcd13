# SPDX-License-Identifier: Apache-2.0
"""``sign``: one line a bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed, trust_doors
from pipeline_guard.cli.job import holder, skipped_for_fork
from pipeline_guard.cli.output import deliver, targets
from pipeline_guard.cli.spelling import beside, named
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.payloads import Wanted
from pipeline_guard.flows.private_trust import Certify, certifying
from pipeline_guard.flows.remote_sign import RemoteDoors, RemoteSigner
from pipeline_guard.flows.remote_sign import sign as remote_sign
from pipeline_guard.flows.sign import SignDoors, Signed, SignRequest, sign
from pipeline_guard.flows.timestamps import StampDoors, Stamper, asking, making
from pipeline_guard.report.escape import printable

SCHEMA = "pipeline-guard/signed-list/v1"
_FORMS = ("text", "json")
_SHOWN = 10  # subjects on one line


def run(args: Args, wiring: Wiring) -> int:
    """Sign the subjects and print where the signatures went."""
    if skipped_for_fork(args, wiring):
        return ExitCode.CLEAN
    targets(args, _FORMS)  # a form that is misspelt is told before anything is signed
    args = args.with_section(wiring.config("").sign)
    subjects = tuple(named(subject) for subject in args.many("subjects"))
    if not subjects and not args.text("subjects-from"):
        raise UsageError("nothing to sign was named", "pipeline-guard sign SUBJECT..., or --subjects-from FILE")
    request = SignRequest(
        subjects,
        args.text("type"),
        args.text("key"),
        beside(args.text("bundle"), subjects),
        wiring.actor,
        args.text("subjects-from"),
        args.text("digest"),
        args.on("reuse-digests"),
        args.text("pq-key"),
        args.text("predicate"),
        args.text("predicate-type"),
    )
    desk = wiring.broker(holder(args, wiring.environ))
    if desk:
        return _emit(_remotely(request, desk, wiring), args, wiring)
    key = args.text("key")
    token = partial(governed, wiring, key if key.startswith("pkcs11:") else "")
    doors = SignDoors(
        wiring.clock, wiring.files, wiring.tree, token, wiring.state, wiring.images, _stamper(args, wiring), _certify(args, wiring)
    )
    return _emit(sign(request, doors=doors), args, wiring)


def _emit(signed: Sequence[Signed], args: Args, wiring: Wiring) -> int:
    forms = {"text": "\n".join(map(_line, signed)), "json": _as_json(signed)}
    deliver(args, wiring, targets(args, _FORMS), lambda form, _look: forms[form])
    return ExitCode.CLEAN


def _line(signed: Signed) -> str:
    return printable(f"signed {_short(signed.subjects)}  {signed.bundle}  key sha256:{signed.key}")


def _as_json(signed: Sequence[Signed]) -> str:
    """Return what was signed as docs/schemas/signed-list.v1.json describes it."""
    made = [
        {"subjects": list(each.subjects), "bundle": each.bundle, "key": f"sha256:{each.key}", "payload": str(each.payload)}
        for each in signed
    ]
    return json.dumps({"schema": SCHEMA, "signatures": made}, indent=2)


def _remotely(request: SignRequest, desk: RemoteSigner, wiring: Wiring) -> Sequence[Signed]:
    if request.pq_key:
        raise UsageError("the broker signs with one key", "leave --pq-key out")
    wanted = Wanted(request.subjects, request.type, request.bundle, request.listed, request.algorithm, request.remembered)
    if request.predicate:
        raise UsageError("the broker says nothing of a subject but provenance", "leave --predicate out")
    doors = RemoteDoors(wiring.files, wiring.tree, wiring.images, desk)
    return remote_sign(wanted, request.key, doors=doors)


def _short(subjects: Sequence[str]) -> str:
    """Name the subjects of one bundle, of hundreds the first."""
    more = f" and {len(subjects) - _SHOWN} more" if len(subjects) > _SHOWN else ""
    return ", ".join(subjects[:_SHOWN]) + more


def _stamper(args: Args, wiring: Wiring) -> Stamper | None:
    """Return who proves when it was signed: an authority, a key of our own, or nobody."""
    url, key = args.text("timestamp-url"), args.text("timestamp-key")
    if url and key:
        raise UsageError("two authorities for the time", "give either --timestamp-url or --timestamp-key")
    if url:
        service = wiring.timestamps(url)
        return asking(service, wiring.random) if service else None
    if not key:
        return None
    token = partial(governed, wiring)
    doors = StampDoors(wiring.actor, wiring.clock, wiring.random, wiring.files, token, wiring.state)
    return making(key, args.text("timestamp-certificate"), doors)


def _certify(args: Args, wiring: Wiring) -> Certify | None:
    """Return who certifies the signer, where a private trust root was named."""
    folder, identity, issuer = (args.text(name) for name in ("private-trust", "certificate-identity", "certificate-oidc-issuer"))
    if not folder:
        if identity or issuer:
            raise UsageError("nobody to certify the identity", "name the folder of a private trust root with --private-trust")
        return None
    if args.text("timestamp-url") or args.text("timestamp-key"):
        raise UsageError("two authorities for the time", "a private trust root brings its own")
    return certifying(folder, identity, issuer, trust_doors(wiring))
