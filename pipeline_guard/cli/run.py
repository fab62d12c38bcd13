# SPDX-License-Identifier: Apache-2.0
"""``run -- COMMAND``: the command gets exactly the secrets that the configuration binds, while it runs."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.leases import say_ended, with_files
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.model.dynamic import Ended
from pipeline_guard.model.lease import Injection


def run(args: Args, wiring: Wiring) -> int:
    """Return the command's own exit code."""
    bindings = with_files(wiring.config("").bindings(), wiring)
    command = args.many("command")
    if not bindings:
        wiring.console.talk("the configuration binds no secret: the command gets none")
        return wiring.process().run(command, Injection((), ())).code
    from pipeline_guard.cli.doors import lease_doors
    from pipeline_guard.flows import lease

    def told(ended: Ended) -> None:
        say_ended(ended, wiring)

    return lease.run(command, bindings, doors=lease_doors(wiring), process=wiring.process(), told=told)
