# SPDX-License-Identifier: Apache-2.0
"""``run -- COMMAND``: the command gets exactly the secrets that the configuration binds, while it runs."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import holder
from pipeline_guard.cli.leases import say_ended, sent, with_files
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.model.dynamic import Ended
from pipeline_guard.model.lease import Binding, Injection


def run(args: Args, wiring: Wiring) -> int:
    """Return the command's own exit code."""
    bindings = with_files(wiring.config("").bindings(), wiring)
    command = args.many("command")
    if not bindings:
        wiring.console.talk("the configuration binds no secret: the command gets none")
        return wiring.process().run(command, Injection((), ())).code
    if wiring.broker(""):
        return _remotely(command, bindings, args, wiring)
    from pipeline_guard.cli.doors import lease_doors
    from pipeline_guard.flows import lease

    def told(ended: Ended) -> None:
        say_ended(ended, wiring)

    return lease.run(command, bindings, doors=lease_doors(wiring), process=wiring.process(), told=told)


def _remotely(command: Sequence[str], bindings: Sequence[Binding], args: Args, wiring: Wiring) -> int:
    from pipeline_guard.flows import remote

    desk = wiring.broker(holder(args, wiring.environ))
    if desk is None:  # Defensive: there was one a moment ago
        return 70
    ended = remote.run(command, bindings, sent(bindings), desk=desk, process=wiring.process())
    if ended.why:
        wiring.console.talk(f"NOT REVOKED: {ended.why}")
    for lease in ended.left:
        wiring.console.talk(f"NOT REVOKED: {lease.secret} ends by itself at {lease.expires.isoformat(timespec='seconds')}")
    return ended.code
