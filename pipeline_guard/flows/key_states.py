# SPDX-License-Identifier: Apache-2.0
"""A key's state changed: is it possible, is it approved, audit, then register and token; in that order and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, NothingToDo, UsageError
from pipeline_guard.flows.keys import KeyDoors, chosen
from pipeline_guard.keys.approval import Request, Rule, judge
from pipeline_guard.keys.lifecycle import WAIT, apply, settled
from pipeline_guard.keys.period import current
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.model.key import Dependents, KeyChange, KeyCommand, KeyEvent, KeyRecord, KeyState, KeyUsage, Revocation

REQUEST_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody asks to be done to one version of a key (the newest, where ``version`` is None)."""

    name: str
    command: KeyCommand
    version: int | None = None
    why: str = ""
    reason: Revocation = Revocation.UNSPECIFIED
    since: datetime | None = None
    wait: timedelta = WAIT
    crypto_erase: bool = False


@dataclass(frozen=True, slots=True)
class Approving:
    """The rules of the policy by operation, the policy's digest, and the (file name, content) of approvals given."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    policy_digest: str = ""
    unverified_approvals: Sequence[tuple[str, bytes]] = ()


def change(asked: Change, approving: Approving, *, dependents: Callable[[KeyRecord], Dependents], doors: KeyDoors) -> KeyRecord:
    """Do it. Raises Denied where the key's state, its dependents or a missing approval forbid it.

    ``dependents`` counts what a version of a wrapping key still opens.
    """
    now = doors.clock.now()
    before = _target(asked, doors)
    try:
        after = _applied(before, asked, now)
        _check_dependents(before, asked, dependents)
        nonce, approvers = _approved(before, asked, approving, now, doors.actor)
    except Denied as error:
        doors.audit.write(_audit(before, asked, now, doors.actor, "denied", error.what, approving.policy_digest))
        raise
    why = _why(asked)
    told = f"{why}; approved by {', '.join(approvers)}".lstrip("; ") if approvers else why
    doors.audit.write(_audit(before, asked, now, doors.actor, "granted", told, approving.policy_digest))
    event = KeyEvent(
        before.ref.name, before.ref.version, now, asked.command, settled(before, now).state, after.state, doors.actor, why, approvers
    )
    if asked.command is KeyCommand.SCHEDULE and asked.wait == timedelta(0):
        return _destroyed(KeyChange(before, after, event), nonce, now, doors)
    doors.ledger.change([KeyChange(before, after, event)], now, nonce)
    return settled(after, now)


def destroy_due(*, dependents: Callable[[KeyRecord], Dependents], doors: KeyDoors) -> list[KeyRecord]:
    """Destroy every key whose waiting time is over; what is still needed by something is left, and denied in the log."""
    now = doors.clock.now()
    done = []
    for record in doors.register.all_keys():
        if record.destroys is None or record.destroys > now:
            continue
        asked = Change(record.ref.name, KeyCommand.DESTROY, record.ref.version, "its waiting time is over")
        if record.ref.usage is KeyUsage.WRAP and not record.erases and dependents(record):
            what = "something was wrapped under it since its destruction was planned"
            doors.audit.write(_audit(record, asked, now, doors.actor, "denied", what, ""))
            continue
        doors.audit.write(_audit(record, asked, now, doors.actor, "granted", asked.why, ""))
        done.append(_destroy(record, asked.why, now, doors))
    return done


def request(asked: Change, policy_digest: str, nonce: str, *, doors: KeyDoors) -> Request:
    """Return what approvers have to sign for this change; raise Denied where the key's state forbids it anyway."""
    now = doors.clock.now()
    before = _target(asked, doors)
    _applied(before, asked, now)
    return _request(before, asked, doors.actor, policy_digest, nonce, now + REQUEST_LIFE)


def operation(before: KeyRecord, command: KeyCommand) -> str:
    """Return the name under which a policy demands approvals for a command: activating a suspended key is "unsuspend"."""
    if command is KeyCommand.ACTIVATE and before.state is KeyState.SUSPENDED:
        return "unsuspend"
    return "destroy" if command is KeyCommand.SCHEDULE else command.value


def _applied(before: KeyRecord, asked: Change, now: datetime) -> KeyRecord:
    return apply(before, asked.command, now, reason=asked.reason, since=asked.since, wait=asked.wait, erases=asked.crypto_erase)


def _target(asked: Change, doors: KeyDoors) -> KeyRecord:
    """Return the version that is meant: the one named; else what waits, for ACTIVATE; else the one in use."""
    newest = chosen(asked.name, asked.version, doors.register)
    if asked.version is not None or asked.command is KeyCommand.ACTIVATE:
        return newest
    return current(doors.ledger.versions(asked.name), doors.clock.now()) or newest


def _check_dependents(before: KeyRecord, asked: Change, dependents: Callable[[KeyRecord], Dependents]) -> None:
    if asked.command is not KeyCommand.SCHEDULE or asked.crypto_erase or before.ref.usage is not KeyUsage.WRAP:
        return
    found, name = dependents(before), f"{before.ref.name}/{before.ref.version}"
    if found.secrets:
        raise Denied(
            f"{found.secrets} secret versions are wrapped under key {name}",
            f"pipeline-guard keys rewrap {before.ref.name} moves them; --crypto-erase destroys them with the key",
        )
    if found.files:  # we do not know whether they are still anywhere
        raise Denied(
            f"{found.files} sealed files were made for key {name}",
            "pipeline-guard seal --rewrap FILE moves one to another key; --crypto-erase gives up what is left of them",
        )


def _approved(before: KeyRecord, asked: Change, approving: Approving, now: datetime, actor: str) -> tuple[str, tuple[str, ...]]:
    """Return the nonce of the approved request and who approved it; ("", ()) where the policy asks for nobody."""
    rule = approving.rules.get(operation(before, asked.command))
    if rule is None:
        if approving.unverified_approvals:
            raise UsageError("the policy asks for no approval here", "leave --approval out")
        return "", ()
    wanted = _request(before, asked, actor, approving.policy_digest, "", now)
    approved, persons = judge(wanted, approving.unverified_approvals, rule, now)
    return approved.nonce, persons


def _request(before: KeyRecord, asked: Change, actor: str, policy_digest: str, nonce: str, expires: datetime) -> Request:
    parameters = {"version": str(before.ref.version)}
    if asked.command is KeyCommand.SCHEDULE:
        parameters |= {"wait": str(int(asked.wait.total_seconds())), "crypto-erase": str(asked.crypto_erase).lower()}
    if asked.command is KeyCommand.REVOKE:
        parameters |= {"reason": asked.reason.value, "since": asked.since.isoformat() if asked.since else ""}
    return Request(
        operation=operation(before, asked.command),
        object=before.ref.name,
        object_id=before.ref.id,
        parameters=parameters,
        why=asked.why,
        requester=actor,
        policy_digest=policy_digest,
        nonce=nonce,
        expires=expires.isoformat(),
    )


def _destroyed(scheduled: KeyChange, nonce: str, now: datetime, doors: KeyDoors) -> KeyRecord:
    doors.ledger.change([scheduled], now, nonce)
    return _destroy(scheduled.after, scheduled.event.why, now, doors)


def _destroy(record: KeyRecord, why: str, now: datetime, doors: KeyDoors) -> KeyRecord:
    """Take the key out of the token, then write it down: if that fails, the next run finds it gone and writes it down."""
    after = apply(record, KeyCommand.DESTROY, now)
    doors.keystore.destroy(record.ref)
    event = KeyEvent(record.ref.name, record.ref.version, now, KeyCommand.DESTROY, record.state, after.state, doors.actor, why)
    doors.ledger.change([KeyChange(record, after, event)], now)
    return after


def _why(asked: Change) -> str:
    parts = [asked.why] if asked.why else []
    if asked.command is KeyCommand.REVOKE:
        parts.append(f"reason {asked.reason.value}")
        if asked.since is not None:
            parts.append(f"since {asked.since.isoformat(timespec='seconds')}")
    if asked.crypto_erase:
        parts.append("crypto-erase")
    return "; ".join(parts)


def _audit(record: KeyRecord, asked: Change, now: datetime, actor: str, outcome: str, why: str, policy_digest: str) -> AuditEvent:
    name = f"{record.ref.name}/{record.ref.version}"
    return AuditEvent(now, actor, f"key.{asked.command.value}", name, outcome, why[:1000], policy_digest)


def need_some(records: Sequence[KeyRecord], what: str) -> Sequence[KeyRecord]:
    """Return ``records``; raise NothingToDo where there are none."""
    if not records:
        raise NothingToDo(f"no key is due to be {what}", "pipeline-guard keys list shows what is due when")
    return records
