# SPDX-License-Identifier: Apache-2.0
"""What may happen to a key in which state, and what a key in that state may do (SP 800-57 Part 1 Rev. 5, section 7).

``apply`` is the only way from one state to another; stores keep what it returns and nothing else. Dates act by
themselves: ``state_at`` gives the state of a moment, so that no scheduler has to run for a key to begin or to end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline_guard.errors import Denied, UsageError
from pipeline_guard.model.key import KeyCommand, KeyRecord, KeyState, KeyUsage, Revocation

WAIT = timedelta(days=7)  # between the decision to destroy a key and its destruction
LONGEST_WAIT = timedelta(days=365)

_PRE, _ACTIVE, _SUSPENDED = KeyState.PRE_ACTIVATION, KeyState.ACTIVE, KeyState.SUSPENDED
_DEACTIVATED, _COMPROMISED, _DESTROYED = KeyState.DEACTIVATED, KeyState.COMPROMISED, KeyState.DESTROYED

# From which states a command may start. An active private signature key may be destroyed at the end of its use
# (transition T5); other active keys are deactivated first. Nothing leads back from deactivated, compromised or destroyed.
FROM: dict[KeyCommand, frozenset[KeyState]] = {
    KeyCommand.ACTIVATE: frozenset({_PRE, _SUSPENDED}),
    KeyCommand.SUSPEND: frozenset({_ACTIVE}),
    KeyCommand.EXPIRE: frozenset({_ACTIVE, _SUSPENDED}),
    KeyCommand.REVOKE: frozenset({_PRE, _ACTIVE, _SUSPENDED, _DEACTIVATED}),
    KeyCommand.ARCHIVE: frozenset({_DEACTIVATED, _COMPROMISED}),
    KeyCommand.RECOVER: frozenset({_DEACTIVATED, _COMPROMISED}),
    KeyCommand.SCHEDULE: frozenset({_PRE, _ACTIVE, _SUSPENDED, _DEACTIVATED, _COMPROMISED}),
    KeyCommand.CANCEL: frozenset({_PRE, _ACTIVE, _SUSPENDED, _DEACTIVATED, _COMPROMISED}),
    KeyCommand.DESTROY: frozenset({_PRE, _ACTIVE, _SUSPENDED, _DEACTIVATED, _COMPROMISED}),
}


def state_at(record: KeyRecord, now: datetime) -> KeyState:
    """Return the state of a key at a moment: activation and end of use come by date, without anybody's command."""
    state = record.state
    if state is _PRE and record.activates is not None and record.activates <= now:
        state = _ACTIVE
    if state in (_ACTIVE, _SUSPENDED) and record.stops is not None and record.stops <= now:
        state = _DEACTIVATED
    return state


def settled(record: KeyRecord, now: datetime) -> KeyRecord:
    """Return the record with the state of the moment written into it."""
    state = state_at(record, now)
    if state is record.state:
        return record
    return replace(record, state=state, deactivated=record.stops if state is _DEACTIVATED else record.deactivated)


def allowed(record: KeyRecord, now: datetime) -> list[KeyCommand]:
    """Return the commands that a key's state permits at a moment."""
    return [command for command in FROM if _refusal(settled(record, now), command) is None]


def apply(
    record: KeyRecord,
    command: KeyCommand,
    now: datetime,
    *,
    reason: Revocation = Revocation.UNSPECIFIED,
    since: datetime | None = None,
    wait: timedelta = WAIT,
    erases: bool = False,
) -> KeyRecord:
    """Return the record after ``command``; raise Denied, naming what is possible instead, where its state forbids it.

    ``reason`` and ``since`` (when a compromise happened, at the latest ``now``) are for REVOKE, ``wait`` and ``erases`` (together
    with what it protects) for SCHEDULE.
    """
    record = settled(record, now)
    why = _refusal(record, command, reason)
    if why is not None:
        possible = ", ".join(dict.fromkeys(_VERB.get(each, each.value) for each in allowed(record, now)))
        raise Denied(f"key {_called(record)} {why}", f"possible now: {possible}" if possible else "a destroyed key is gone for good")
    changed = replace(record, revision=record.revision + 1)
    if command is KeyCommand.ACTIVATE:
        return replace(changed, state=_ACTIVE, activates=now if record.state is _PRE else record.activates)
    if command is KeyCommand.SUSPEND:
        return replace(changed, state=_SUSPENDED)
    if command is KeyCommand.EXPIRE:
        return replace(changed, state=_DEACTIVATED, deactivated=now)
    if command is KeyCommand.REVOKE:
        return _revoked(changed, reason, since or now, now)
    if command is KeyCommand.ARCHIVE:
        return replace(changed, archived=now)
    if command is KeyCommand.RECOVER:
        return replace(changed, archived=None)
    if command is KeyCommand.SCHEDULE:
        if not timedelta(0) <= wait <= LONGEST_WAIT:
            raise UsageError("the waiting time lies between 0 s and 365 days", "7d is the default")
        return replace(changed, destroys=now + wait, erases=erases)
    if command is KeyCommand.CANCEL:
        return replace(changed, destroys=None, erases=False)
    if record.destroys is None or record.destroys > now:
        raise Denied(
            f"key {_called(record)} is not due to be destroyed yet", f"pipeline-guard keys destroy {record.ref.name} --cancel keeps it"
        )
    # a destroyed key that was compromised stays known as such: compromised keeps its date
    return replace(changed, state=_DESTROYED, destroys=None, archived=None)


def _revoked(record: KeyRecord, reason: Revocation, since: datetime, now: datetime) -> KeyRecord:
    if not reason.is_compromise:
        return replace(record, state=_DEACTIVATED, deactivated=record.deactivated or now)
    if since > now:
        raise UsageError("a compromise cannot lie in the future", "give the time since when the key may have been known")
    return replace(record, state=_COMPROMISED, compromised=since, deactivated=record.deactivated or now)


def _refusal(record: KeyRecord, command: KeyCommand, reason: Revocation = Revocation.KEY_COMPROMISE) -> str | None:
    """Say why a settled record cannot undergo a command, None where it can."""
    state = record.state
    if state not in FROM.get(command, frozenset()):
        return f"is {state.value}: it cannot be {_DONE[command]}" if command in _DONE else f"cannot undergo {command.value}"
    if command is KeyCommand.REVOKE and not reason.is_compromise and state not in (_ACTIVE, _SUSPENDED):
        return f"is {state.value}: only a compromise can revoke it"
    if command in (KeyCommand.SCHEDULE, KeyCommand.DESTROY) and state is _ACTIVE and record.ref.usage is not KeyUsage.SIGN:
        return "is active and protects data: expire or revoke it first"
    if command is KeyCommand.ARCHIVE and record.archived is not None:
        return "is archived already"
    if command is KeyCommand.RECOVER and record.archived is None:
        return "is not archived"
    if command is KeyCommand.CANCEL and record.destroys is None:
        return "is not going to be destroyed"
    if command is KeyCommand.DESTROY and record.destroys is None:
        return "is not scheduled to be destroyed"
    if record.destroys is not None and command not in (KeyCommand.CANCEL, KeyCommand.DESTROY, KeyCommand.REVOKE):
        return f"is going to be destroyed on {record.destroys:%Y-%m-%d}"
    return None


_VERB = {KeyCommand.SCHEDULE: "destroy", KeyCommand.CANCEL: "destroy --cancel"}  # as people type them
_DONE = {
    KeyCommand.ACTIVATE: "activated",
    KeyCommand.SUSPEND: "suspended",
    KeyCommand.EXPIRE: "expired",
    KeyCommand.REVOKE: "revoked",
    KeyCommand.ARCHIVE: "archived",
    KeyCommand.RECOVER: "recovered",
    KeyCommand.SCHEDULE: "destroyed",
    KeyCommand.CANCEL: "kept",
    KeyCommand.DESTROY: "destroyed",
}


def check_protects(record: KeyRecord, now: datetime) -> None:
    """Raise Denied unless the key may sign or wrap at this moment."""
    state = state_at(record, now)
    why = ""
    if state is not _ACTIVE:
        why = f"is {state.value}"
    elif record.destroys is not None:
        why = f"is going to be destroyed on {record.destroys:%Y-%m-%d}"
    if why:
        word = "sign" if record.ref.usage is KeyUsage.SIGN else "protect anything"
        raise Denied(f"key {_called(record)} may not {word}: it {why}", _remedy(state, record))


def check_processes(record: KeyRecord, now: datetime, *, accept_risk: bool = False) -> None:
    """Raise Denied unless the key may unwrap what it protected; ``accept_risk`` permits a compromised or suspended one."""
    state = state_at(record, now)
    risky = (_COMPROMISED, _SUSPENDED)
    why = ""
    if state in (_PRE, _DESTROYED) or (state in risky and not accept_risk):
        why = f"is {state.value}"
    elif record.archived is not None:
        why = "is archived"
    elif record.destroys is not None:
        why = f"is going to be destroyed on {record.destroys:%Y-%m-%d}"
    if why:
        raise Denied(f"key {_called(record)} may not open anything: it {why}", _remedy(state, record))


def _remedy(state: KeyState, record: KeyRecord) -> str:
    name = record.ref.name
    if state is _DESTROYED:
        return "what it protected is gone with it"
    if record.destroys is not None:
        return f"pipeline-guard keys destroy {name} --cancel keeps it"
    if record.archived is not None:
        return f"pipeline-guard keys recover {name}"
    if state in (_PRE, _SUSPENDED):
        return f"pipeline-guard keys activate {name}"
    return f"pipeline-guard keys rotate {name}"


def _called(record: KeyRecord) -> str:
    return f"{record.ref.name}/{record.ref.version}"
