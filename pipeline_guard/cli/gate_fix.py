# SPDX-License-Identifier: Apache-2.0
"""gate --fix: what was pinned, by whose word, and what is left to a person."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, GuardError
from pipeline_guard.flows.gate_fix import FixDoors, Fixed, fix
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.repair import Repair


def run(args: Args, settings: GateSettings, wiring: Wiring) -> ExitCode:
    """Pin in place, or with ``--diff`` only show it; 0 where nothing is left to be pinned, else 1."""
    doors = FixDoors(source=wiring.source, git=wiring.git, files=wiring.files, commit=wiring.commit, own=_own(wiring), refs=wiring.refs)
    fixed = fix(settings, write=not args.on("diff"), doors=doors)
    left = [repair for repair in fixed.repairs if repair.proof is None]
    if args.on("diff") and fixed.difference:
        wiring.console.data(fixed.difference)
    said = [_line(repair) for repair in fixed.repairs]
    (wiring.console.talk if args.on("diff") else wiring.console.data)("\n".join([*said, _sum(fixed, len(left), dry=args.on("diff"))]))
    return ExitCode.NO if left else ExitCode.CLEAN


def _line(repair: Repair) -> str:
    if repair.proof is not None:
        return f"pinned  {repair.path}:{repair.line}  {repair.target} to {repair.proof.commit} (by {repair.proof.by})"
    return f"left    {repair.path}:{repair.line}  {repair.target}: {repair.why}"


def _sum(fixed: Fixed, left: int, *, dry: bool) -> str:
    done = len(fixed.repairs) - left
    verb = "would be pinned" if dry else "pinned"
    return f"{done} {verb} in {fixed.files} file{'' if fixed.files == 1 else 's'}, {left} left"


def _own(wiring: Wiring) -> str:
    """Return this repository's path on its forge; "" where there is none."""
    try:
        return wiring.head().repository
    except GuardError:
        return ""
