# SPDX-License-Identifier: Apache-2.0
"""``inject``: granted secrets for the later steps of a job."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, GuardError


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Lease, mask, write; a delivery that fails leaves no lease behind."""
    from pipeline_guard.flows import lease, remote

    name = holder(args, wiring.environ)
    desk, bindings = wiring.broker(name), wiring.config("").bindings()
    if desk:
        injection = remote.inject(bindings, {}, desk=desk)
    else:
        from pipeline_guard.cli.doors import lease_doors

        doors = lease_doors(wiring)
        injection = lease.inject(bindings, name, doors=doors)
    try:
        path = wiring.handover().deliver(injection, name, as_files=args.text("target") == "files")
    except GuardError:
        wiring.handover().remove(name)
        if desk:
            desk.revoke()
        else:
            lease.revoke(name, actor=wiring.actor, clock=wiring.clock, leases=doors.leases)
        raise
    wiring.console.talk(f"injected {len(injection.values)} secret{'s' if len(injection.values) != 1 else ''} for {name}")
    if path:
        wiring.console.data(path)
    return ExitCode.CLEAN
