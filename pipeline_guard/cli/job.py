# SPDX-License-Identifier: Apache-2.0
"""What the leases of one job are bound to."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_guard.cli.args import Args


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
