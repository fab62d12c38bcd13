# SPDX-License-Identifier: Apache-2.0
"""``revoke``: the end of a job's leases; may be called any number of times."""

from __future__ import annotations

import re

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.leases import say_ended
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Remove files first: they are the values; then end the leases, and undo what engines made: only that needs the token."""
    if args.on("expired"):
        return _expired(wiring)
    name = holder(args, wiring.environ)
    wiring.handover().remove(name)
    job, grant = _parts(name)
    desk = wiring.broker(job)
    if desk is None:
        return _here(name, wiring)
    count = desk.revoke(grant)
    wiring.console.talk(f"revoked {count} lease{'s' if count != 1 else ''} of {name}")
    return ExitCode.CLEAN


def _parts(name: str) -> tuple[str, str]:
    """Return the job, and the one grant of a broker that is meant: what a killed ``run`` had, and nothing of the job's other steps."""
    found = re.fullmatch(r"(.+)#([0-9a-f]{12})", name)
    return (found[1], found[2]) if found else (name, "")


def _here(name: str, wiring: Wiring) -> ExitCode:
    from pipeline_guard.cli.doors import undo_doors
    from pipeline_guard.flows import lease

    ended = lease.revoke(name, actor=wiring.actor, clock=wiring.clock, leases=wiring.state(), undo=undo_doors(wiring))
    count = len(ended.ended)
    wiring.console.talk(f"revoked {count} lease{'s' if count != 1 else ''} of {name}")
    kept = sorted({each.secret for each in ended.ended if not each.engine})
    if kept:
        wiring.console.talk(f"access ended; the values themselves stay valid until rotated: {', '.join(kept)}"[:500])
    return say_ended(ended, wiring)


def _expired(wiring: Wiring) -> ExitCode:
    from pipeline_guard.cli.doors import undo_doors
    from pipeline_guard.flows import lease

    swept = lease.sweep(undo=undo_doors(wiring))
    wiring.console.talk(f"undid {len(swept.undone)} expired lease{'s' if len(swept.undone) != 1 else ''}")
    return say_ended(swept, wiring)
