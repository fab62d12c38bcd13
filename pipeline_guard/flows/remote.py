# SPDX-License-Identifier: Apache-2.0
"""run, inject and revoke against a broker: it decides and records; the values come here, and their leases end from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import GuardError, NothingToDo
from pipeline_guard.lease.grant import checked
from pipeline_guard.model.lease import Binding, Injection, Lease
from pipeline_guard.ports import LeaseDesk, Process


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and what could not be revoked and why ("" where all was)."""

    code: int
    left: tuple[Lease, ...] = ()
    why: str = ""


def run(command: Sequence[str], bindings: Sequence[Binding], given: Mapping[str, str], *, desk: LeaseDesk, process: Process) -> Ended:
    """Run ``command`` with what the broker grants; its leases are renewed while it runs, and end with it."""
    grant, injection = desk.lease([checked(binding) for binding in bindings], given)
    try:
        with desk.kept(min(binding.lifetime for binding in bindings)):
            finished = process.run(command, injection)
    except BaseException:
        _end(desk, grant, {})
        raise
    counted = zip(injection.leases, finished.hidden, strict=False)
    why = _end(desk, grant, {lease.id: count for lease, count in counted if count})
    return Ended(finished.code, injection.leases if why else (), why)


def inject(bindings: Sequence[Binding], given: Mapping[str, str], *, desk: LeaseDesk) -> Injection:
    """Return what a job's later steps are granted; ``revoke`` ends it."""
    if not bindings:
        raise NothingToDo("the configuration binds no secret", "name them under secrets: in .pipeline-guard.yml")
    return desk.lease([checked(binding) for binding in bindings], given)[1]


def _end(desk: LeaseDesk, grant: str, hidden: Mapping[str, int]) -> str:
    """End what was granted; return why it could not be done: a command's own answer is not lost over that."""
    try:
        desk.revoke(grant, hidden)
    except GuardError as error:
        return error.what
    return ""
