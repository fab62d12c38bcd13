# SPDX-License-Identifier: Apache-2.0
"""``seal``: one line saying where the sealed file is and which keys open it."""

from __future__ import annotations

from functools import partial

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.spelling import named
from pipeline_guard.cli.unseal import unseal_doors
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.seal import SealDoors, SealRequest, rewrap, seal
from pipeline_guard.report.escape import printable


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Seal, or rewrap what is sealed."""
    path, keys = named(args.text("path")), tuple(args.many("key"))
    if args.on("rewrap") and (args.text("output") or args.on("force")):
        raise UsageError("--rewrap replaces the header of PATH itself", "leave --output and --force out")
    doors = SealDoors(wiring.random, wiring.files, wiring.tree, unseal_doors(wiring))
    act = (
        partial(rewrap, path, keys) if args.on("rewrap") else partial(seal, SealRequest(path, keys, args.text("output"), args.on("force")))
    )
    done = act(doors=doors)
    word = "rewrapped" if args.on("rewrap") else "sealed"
    wiring.console.data(printable(f"{word} {done.path}  {', '.join(f'key {key}' for key in done.keys)}"))
    return ExitCode.CLEAN
