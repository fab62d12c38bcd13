# SPDX-License-Identifier: Apache-2.0
"""What a command has to know of the job it runs in: its holder, its event, its merge target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import Denied
from pipeline_guard.flows.event_payload import EVENT_LIMIT
from pipeline_guard.flows.event_range import from_fork, target_of


def holder(args: Args, environ: Mapping[str, str]) -> str:
    """Return the holder named by flag, else the forge's job, else this user's local one."""
    if args.text("holder"):
        return args.text("holder")
    if environ.get("GITHUB_RUN_ID"):
        parts = [environ.get(f"GITHUB_{name}", "") for name in ("REPOSITORY", "RUN_ID", "RUN_ATTEMPT", "JOB")]
        return "github:" + ":".join(parts)
    if environ.get("CI_JOB_ID"):
        return f"gitlab:{environ.get('CI_PROJECT_ID', '')}:{environ['CI_JOB_ID']}"
    return "local"


def event(wiring: Wiring) -> bytes:
    """Return GitHub's document of the event that started this job; b"" elsewhere."""
    path = wiring.environ.get("GITHUB_EVENT_PATH", "")
    return wiring.files.read(path, EVENT_LIMIT) if path else b""


def with_base(args: Args, wiring: Wiring) -> Args:
    """Return the arguments with the merge target that the event names, where ``--base auto`` asks for it."""
    if args.text("base") != "auto":
        return args
    found = target_of(wiring.environ, event(wiring))
    wiring.console.talk(
        f"the merge target is {found[:12]}{found[40:]}" if found else "the event is no change under review: looking at the whole work tree"
    )
    return replace(args, values={**args.values, "base": found})


def skipped_for_fork(args: Args, wiring: Wiring) -> bool:
    """Tell whether a fork's job is to be skipped; raise Denied where it is not. Such a job has no identity and no secrets, by design."""
    if not from_fork(wiring.environ, event(wiring)):
        return False
    if args.text("fork") != "skip":
        raise Denied(
            "fork pull request: no job identity, so this step is refused by design",
            "run it only for the repository's own branches, or set fork to skip",
        )
    wiring.console.talk("fork pull request: no job identity; skipped by design")
    return True
