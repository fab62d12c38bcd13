# SPDX-License-Identifier: Apache-2.0
"""``gate --publish``: for which event, with which token, and what was posted, one line each."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.flows.event_payload import EVENT_LIMIT
from pipeline_guard.flows.forge_event import job_event, webhook_event
from pipeline_guard.flows.publish import PublishDoors, publish
from pipeline_guard.model.forge import ForgeEvent, Publication
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import Verdict
from pipeline_guard.report.escape import printable
from pipeline_guard.report.publication import belief_of, publication_of, refusal_of


def event(args: Args, wiring: Wiring) -> ForgeEvent | None:
    """Return what there is to publish for, None where nothing is to be published. Raises what would make publishing worthless."""
    if not args.on("publish"):
        for flag in ("event", "event-signature", "event-secret"):
            if args.text(flag):
                raise UsageError(f"--{flag} goes with --publish", "add --publish, or leave it out")
        return None
    if args.text("config"):
        hint = "leave --config out; --organisation-policy is for policy"
        raise UsageError("a published verdict uses the merge target's configuration", hint)
    path = args.text("event")
    if not path:
        place = wiring.environ.get("GITHUB_EVENT_PATH", "")
        return job_event(wiring.environ, wiring.files.read(place, EVENT_LIMIT) if place else b"")
    payload = wiring.files.read(path, EVENT_LIMIT)
    signature, secret = args.text("event-signature"), args.text("event-secret")
    if signature and not secret:
        raise UsageError("no secret to check the event's signature with", "name it with --event-secret")
    return webhook_event(payload, signature, wiring.named_secret(secret, "the webhook's secret") if secret else None)


def publish_verdict(verdict: Verdict, found: ForgeEvent, settings: GateSettings, args: Args, wiring: Wiring) -> None:
    """Post a verdict over what is checked out."""
    wanted = settings.publish
    publication = publication_of(verdict, found, wanted.name, has_comment=wanted.comment, has_sarif=wanted.sarif)
    _post(publication, settings, args, wiring, is_checked_here=True)


def publish_belief(report: str, found: ForgeEvent, settings: GateSettings, args: Args, wiring: Wiring) -> None:
    """Post that a signed verdict allows the change."""
    wanted = settings.publish
    _post(belief_of(found, wanted.name, report, has_comment=wanted.comment), settings, args, wiring, is_checked_here=False)


def publish_refusal(error: IntegrityError, found: ForgeEvent, settings: GateSettings, args: Args, wiring: Wiring) -> None:
    """Post that a signed verdict is not believed, and why."""
    wanted = settings.publish
    _post(refusal_of(found, wanted.name, error.what, has_comment=wanted.comment), settings, args, wiring, is_checked_here=False)


def _post(publication: Publication, settings: GateSettings, args: Args, wiring: Wiring, *, is_checked_here: bool) -> None:
    token = args.text("forge-token")
    doors = PublishDoors(lambda: wiring.forge(publication.event, token), wiring.checkout if is_checked_here else None)
    done = publish(publication, is_required=settings.publish.required, doors=doors)
    if done.note:
        wiring.console.talk(done.note)
    for each in done.posted:
        wiring.console.talk(printable(f"{each.what}: {each.done}{': ' + each.why if each.why else ''}"))
