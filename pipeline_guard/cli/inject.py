# SPDX-License-Identifier: Apache-2.0
"""``inject``: granted secrets for the later steps of a job."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.leases import say_ended, say_granted, sent, with_files
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, GuardError
from pipeline_guard.model.lease import Target


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Lease, mask, write; a delivery that fails leaves no lease behind."""
    from pipeline_guard.flows import lease, remote

    name = holder(args, wiring.environ)
    desk, bindings = wiring.broker(name), with_files(wiring.config("").bindings(), wiring)
    if desk:
        injection = remote.inject(bindings, sent(bindings), desk=desk)
    else:
        from pipeline_guard.cli.doors import lease_doors

        doors = lease_doors(wiring)
        injection = lease.inject(bindings, name, doors=doors)
    try:
        path = wiring.handover().deliver(injection, name, Target(args.text("target")))
    except GuardError:
        wiring.handover().remove(name)
        if desk:
            desk.revoke()
        else:
            undo = doors.engines.undo if doors.engines else None
            say_ended(lease.revoke(name, actor=wiring.actor, clock=wiring.clock, leases=doors.leases, undo=undo), wiring)
        raise
    say_granted(injection, wiring)
    wiring.console.talk(f"injected {len(injection.values)} secret{'s' if len(injection.values) != 1 else ''} for {name}")
    if path:
        wiring.console.data(path)
    return ExitCode.CLEAN
