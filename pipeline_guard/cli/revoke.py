# SPDX-License-Identifier: Apache-2.0
"""``revoke``: the end of a job's leases; may be called any number of times."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Remove files first: they are the values; then end the leases. Needs no token."""
    name = holder(args, wiring.environ)
    wiring.handover().remove(name)
    desk = wiring.broker(name)
    ended = desk.revoke() if desk else _here(name, wiring)
    wiring.console.talk(f"revoked {ended} lease{'s' if ended != 1 else ''} of {name}")
    return ExitCode.CLEAN


def _here(name: str, wiring: Wiring) -> int:
    from pipeline_guard.flows import lease

    return len(lease.revoke(name, actor=wiring.actor, clock=wiring.clock, leases=wiring.state()))
