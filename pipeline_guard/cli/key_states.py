# SPDX-License-Identifier: Apache-2.0
"""``keys``: activate, suspend, revoke, expire, archive, recover, destroy; and approve, for those who are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed, key_doors
from pipeline_guard.cli.keys import version_of
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import duration, policy_digest
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows import approvals, key_states
from pipeline_guard.flows.key_report import state_word
from pipeline_guard.model.key import Dependents, KeyCommand, KeyRecord, Revocation

_LIMIT = 64 * 1024


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Change one key's state, or approve that somebody does."""
    if args.action == "approve":
        return _approve(args, wiring)
    if args.action == "destroy" and args.on("due"):
        return _destroy_due(args, wiring)
    if not args.text("name"):
        raise UsageError("no key is named", "pipeline-guard keys list shows the keys")
    asked = _asked(args)
    doors, config = key_doors(wiring), wiring.config("")
    if args.text("request"):
        body = approvals.write_request(asked, policy_digest(config), wiring.random.bytes(16).hex(), doors=doors)
        wiring.files.write(args.text("request"), body)
        wiring.console.talk(f"wrote the request {args.text('request')}; approvers sign it: pipeline-guard keys approve FILE --key NAME")
        return ExitCode.CLEAN
    files = {rule: wiring.files.read(rule, _LIMIT).decode("utf-8", "replace") for rule in _key_files(wiring)}
    given = [(path, wiring.files.read(path, _LIMIT)) for path in args.many("approval")]
    approving = key_states.Approving(approvals.rules(config.policy, files), policy_digest(config), given)
    record = key_states.change(asked, approving, dependents=_dependents(wiring), doors=doors)
    wiring.console.data(_said(record, asked.command))
    return ExitCode.CLEAN


def _asked(args: Args) -> key_states.Change:
    command = KeyCommand.SCHEDULE if args.action == "destroy" else KeyCommand(args.action)
    if args.on("cancel"):
        command = KeyCommand.CANCEL
    return key_states.Change(
        name=args.text("name"),
        command=command,
        version=version_of(args),
        why=args.text("why")[:500],
        reason=Revocation(args.text("reason") or "unspecified"),
        since=_time(args.text("since")),
        wait=_wait(args.text("wait")),
        crypto_erase=args.on("crypto-erase"),
    )


def _wait(text: str) -> timedelta:
    return timedelta(0) if text in ("0", "0s", "0m", "0h", "0d", "") else duration(text)


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since: not a time: {text[:40]!r}", "write it like 2026-11-24T08:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _key_files(wiring: Wiring) -> list[str]:
    return sorted({path for rule in wiring.config("").policy.approvals for path in rule.approvers.values()})


def _dependents(wiring: Wiring) -> Callable[[KeyRecord], Dependents]:
    def count(record: KeyRecord) -> Dependents:
        return wiring.state().dependents(record.ref.name, record.ref.version)

    return count


def _destroy_due(args: Args, wiring: Wiring) -> ExitCode:
    if args.text("name"):
        raise UsageError("name one key, or destroy all that are --due")
    done = key_states.destroy_due(dependents=_dependents(wiring), doors=key_doors(wiring))
    for record in key_states.need_some(done, "destroyed"):
        wiring.console.data(_said(record, KeyCommand.DESTROY))
    return ExitCode.CLEAN


def _approve(args: Args, wiring: Wiring) -> ExitCode:
    named = args.text("key")
    if not named:
        raise UsageError("no key to approve with", "name your own signing key with --key")
    content = wiring.files.read(args.text("file"), _LIMIT)
    doors = approvals.ApproverDoors(
        wiring.actor, wiring.clock, governed(wiring, named if named.startswith("pkcs11:") else ""), wiring.state(), wiring.state()
    )
    asked, approval = approvals.approve(content, args.text("file"), named, args.text("approver"), doors=doors)
    wiring.console.talk(f"approved: {asked.operation} of {asked.object}, {_told(asked.parameters)}, asked by {asked.requester}")
    if args.file("output"):
        wiring.files.write(args.file("output"), approval)
    else:
        wiring.console.data(approval.decode("utf-8").rstrip())
    return ExitCode.CLEAN


def _told(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(parameters.items()) if value)


def _said(record: KeyRecord, command: KeyCommand) -> str:
    name = f"{record.ref.name}/{record.ref.version}"
    if command is KeyCommand.SCHEDULE and record.destroys is not None:
        return f"{name} will be destroyed on {record.destroys:%Y-%m-%d %H:%M} UTC; until then: keys destroy {record.ref.name} --cancel"
    return f"{name} is {state_word(record)}"
