# SPDX-License-Identifier: Apache-2.0
"""``init``: show what this repository needs, then write it if told so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_guard import __version__
from pipeline_guard.cli.args import Args
from pipeline_guard.cli.console import Terminal
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.init import CONFIGURATION, GITLAB, HOOKS, WORKFLOW, Fate, Proposal, Wish, forges, propose

_LIMIT = 4 * 1024 * 1024
_NEXT = "next: pipeline-guard dry-run rehearses it, pipeline-guard doctor looks at the rest"


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Propose, ask where somebody is there to answer, write."""
    clone = wiring.clone()
    root = Path(clone.root)
    commit = args.text("commit") or wiring.machine.commit()
    wish = Wish(args.on("github"), args.on("gitlab"), args.on("hooks"), args.on("force"), commit, __version__)
    seen = [name for name in (".github", ".gitlab", GITLAB) if wiring.files.kind(str(root / name)) != "missing"]
    github, gitlab = forges(clone.host, seen, wish)
    there = {path: _read(root / path, wiring) for path in (WORKFLOW, GITLAB, CONFIGURATION, HOOKS)}
    proposals = propose(github, gitlab, clone.branch, there, wish)
    if args.on("yes") and not args.on("print"):
        return _written(proposals, root, wiring)
    _show(proposals, wiring, full=True)
    if args.on("print") or not any(proposal.writes for proposal in proposals):
        return ExitCode.CLEAN
    if not _agreed(wiring):
        wiring.console.talk("nothing was written; --yes writes it")
        return ExitCode.CLEAN
    for proposal in proposals:
        _write(proposal, root, wiring)
    wiring.console.talk(_NEXT)
    return ExitCode.CLEAN


def _written(proposals: Sequence[Proposal], root: Path, wiring: Wiring) -> ExitCode:
    """Write without asking; each line is said once it is true."""
    for proposal in proposals:
        _write(proposal, root, wiring)
        _show([proposal], wiring, full=False)
    if any(proposal.writes for proposal in proposals):
        wiring.console.talk(_NEXT)
    return ExitCode.CLEAN


def _write(proposal: Proposal, root: Path, wiring: Wiring) -> None:
    if proposal.writes:
        target = root / proposal.path
        wiring.machine.prepare(str(target.parent))
        wiring.files.write(str(target), proposal.content.encode("utf-8"))


def _read(path: Path, wiring: Wiring) -> bytes | None:
    """Return what is there; a link or folder in the way is an error, not something to write through."""
    for place in (path.parent, path):
        if wiring.files.kind(str(place)) == "link":
            raise UsageError(f"{place} is a symbolic link", "write the file by hand: pipeline-guard init --print shows it")
    return None if wiring.files.kind(str(path)) == "missing" else wiring.files.read(str(path), _LIMIT)


def _show(proposals: Sequence[Proposal], wiring: Wiring, *, full: bool) -> None:
    for proposal in proposals:
        wiring.console.data(f"{proposal.fate.value:<9}  {proposal.path}" + (f": {proposal.todo}" if proposal.todo else ""))
        if (full and proposal.fate is not Fate.SAME) or proposal.todo.startswith("add"):
            wiring.console.data("".join(f"    {line}\n" for line in proposal.content.splitlines()))


def _agreed(wiring: Wiring) -> bool:
    """Ask, where a person is there to answer."""
    if not isinstance(wiring.console, Terminal) or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print("pipeline-guard: write these files? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
