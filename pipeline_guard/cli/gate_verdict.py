# SPDX-License-Identifier: Apache-2.0
"""``gate --sign-verdict`` and ``gate --check-verdict``: what a verdict is about, from flags, the forge's variables and git."""

from __future__ import annotations

import json
import re
from functools import partial

from pipeline_guard import __version__
from pipeline_guard.cli import publish
from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed
from pipeline_guard.cli.output import render
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import duration
from pipeline_guard.errors import ExitCode, IntegrityError, UsageError
from pipeline_guard.flows.gate import Gated
from pipeline_guard.flows.sign import SignDoors
from pipeline_guard.flows.verdict import believe, sign_verdict
from pipeline_guard.flows.verify import KeyDoors, find_key
from pipeline_guard.model.forge import ForgeEvent
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.occasion import Occasion
from pipeline_guard.report.escape import printable

_BUNDLE = 32 * 1024 * 1024  # bytes
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FIELDS = ("repository", "change", "head", "base", "merge", "tree", "policy", "tool", "advisories-digest")


def prepare(args: Args, wiring: Wiring) -> None:
    """Refuse what would make a signed verdict worthless, before anything is looked at."""
    if not args.text("sign-verdict"):
        return
    if not args.text("key"):
        raise UsageError("no key to sign the verdict with", "name one with --key")
    if args.text("config"):
        raise UsageError(
            "a signed verdict uses the merge target's configuration", "leave --config out; --organisation-policy is for policy"
        )
    checkout = wiring.checkout()
    differing = checkout.differs(checkout.commit("HEAD"))
    if differing:
        raise UsageError(f"{printable(differing)} is not as committed: a signed verdict is about commits", "commit it, or restore it")


def sign(gated: Gated, settings: GateSettings, args: Args, wiring: Wiring) -> None:
    """Sign the verdict and write its bundle."""
    occasion = _occasion(gated, settings, args, wiring)
    report = render(gated.verdict, "json").encode("utf-8")
    key, bundle = args.text("key"), args.text("sign-verdict")
    token = partial(governed, wiring, key if key.startswith("pkcs11:") else "")
    doors = SignDoors(wiring.clock, wiring.files, wiring.tree, token, wiring.state, wiring.images)
    fingerprint = sign_verdict(gated.verdict, report, occasion, key, bundle, wiring.actor, doors=doors)
    wiring.console.talk(f"signed the verdict: {bundle}, key sha256:{fingerprint}")


def check(args: Args, wiring: Wiring, policy: str, event: ForgeEvent | None, settings: GateSettings) -> ExitCode:
    """Believe a verdict, or say the one reason why not; ``policy`` is the digest that is expected where no flag names one.

    With an ``event`` the verdict must be for its commit, and what came of it is published there.
    """
    if not args.text("key"):
        raise UsageError("no key to check the verdict with", "name a PEM file or a key with --key")
    given = {name: args.text(name) for name in _FIELDS if args.text(name)}
    told = {"repository": event.repository_id, "change": event.change, "head": event.head, "base": event.base} if event else {}
    if event and given.get("head", event.head) != event.head:
        raise UsageError("--head is not the commit of the event", "leave it out")
    given = {"repository": _repository(args, wiring), "policy": policy, **{name: value for name, value in told.items() if value}, **given}
    for needed in ("repository", "head", "base"):
        if not given.get(needed):
            raise UsageError(f"a verdict is checked against a {needed}", f"name it with --{needed}")
    for commit in ("head", "base", "merge", "tree"):
        if commit in given and not _COMMIT.fullmatch(given[commit]):
            given[commit] = wiring.checkout().commit(given[commit])
    if not given["policy"]:
        raise UsageError("a verdict is checked against a policy", "name its digest with --policy, or run it in a clone of the repository")
    expected = {name.removesuffix("-digest"): value for name, value in given.items()}
    name = args.text("check-verdict")
    doors = KeyDoors(wiring.state, partial(wiring.token, args.text("key")))
    key = find_key(args.text("key"), files=wiring.files, keys=doors, clock=wiring.clock)
    max_age = duration(args.text("max-age"))
    try:
        claimed = believe(wiring.files.read(name, _BUNDLE), key, expected, wiring.clock.now(), max_age, name)
    except IntegrityError as error:
        if event:
            publish.publish_refusal(error, event, settings, args, wiring)
        raise
    if event:
        publish.publish_belief(claimed.report, event, settings, args, wiring)
    if args.text("format") == "json":
        wiring.console.data(json.dumps({"verified": True, "outcome": claimed.outcome, "report": claimed.report}, indent=2))
    else:
        wiring.console.data(printable(f"ok   {claimed.occasion.repository} {claimed.occasion.head}  {claimed.outcome}"))
    return ExitCode.CLEAN


def _occasion(gated: Gated, settings: GateSettings, args: Args, wiring: Wiring) -> Occasion:
    checkout = wiring.checkout()
    examined = checkout.commit("HEAD")
    head = checkout.commit(args.text("head") or "HEAD")
    if head != examined and not args.text("merge"):
        raise UsageError("--head is not what is checked out", "check it out, or name the merge commit that is with --merge")
    merge = checkout.commit(args.text("merge")) if args.text("merge") else ""
    if merge and merge != examined:
        raise UsageError("--merge is not what is checked out", "check it out: the verdict is about what was looked at")
    return Occasion(
        _repository(args, wiring),
        args.text("change") or _change(wiring),
        head,
        checkout.commit(args.text("base")) if args.text("base") else "",
        merge,
        checkout.tree_of(examined),
        settings.digest,
        wiring.tool_digest(),
        __version__,
        gated.snapshot.sha256 if gated.snapshot else "",
    )


def _repository(args: Args, wiring: Wiring) -> str:
    """Name the repository by the number that its forge gave it, which no other will ever have."""
    environ = wiring.environ
    if args.text("repository"):
        return args.text("repository")
    if environ.get("GITHUB_REPOSITORY_ID"):
        return f"github:{environ['GITHUB_REPOSITORY_ID']}"
    if environ.get("CI_PROJECT_ID"):
        return f"gitlab:{environ['CI_PROJECT_ID']}"
    return wiring.head().repository if not args.text("check-verdict") else ""


def _change(wiring: Wiring) -> str:
    pull = re.fullmatch(r"refs/pull/([0-9]+)/(?:merge|head)", wiring.environ.get("GITHUB_REF", ""))
    return pull[1] if pull else wiring.environ.get("CI_MERGE_REQUEST_IID", "")
