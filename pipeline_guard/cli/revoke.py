# SPDX-License-Identifier: Apache-2.0
"""``revoke``: the end of a job's leases; may be called any number of times."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Remove files first: they are the values; then end the leases. Needs no token."""
    from pipeline_guard.flows import lease

    name = holder(args, wiring.environ)
    wiring.handover().remove(name)
    state = wiring.state()
    ended = lease.revoke(name, actor=wiring.actor, clock=wiring.clock, leases=state)
    wiring.console.talk(f"revoked {len(ended)} lease{'s' if len(ended) != 1 else ''} of {name}")
    return ExitCode.CLEAN
