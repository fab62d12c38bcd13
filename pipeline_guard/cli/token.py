# SPDX-License-Identifier: Apache-2.0
"""``token``: init, check, info."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import secret_doors
from pipeline_guard.cli.table import show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode
from pipeline_guard.flows import secrets
from pipeline_guard.flows.token_check import examine
from pipeline_guard.model.boundary import Grade
from pipeline_guard.report import as_boundary


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``token``."""
    if args.action == "init":
        key = secrets.wrapping_key(doors=secret_doors(wiring))
        label = wiring.token("").facts()["label"]
        wiring.console.data(f"token {label} is ready; wrapping key {key.ref.name}/{key.ref.version}")
    elif args.action == "check":
        return _check(args, wiring)
    else:
        facts = dict(wiring.token("").facts())
        note = (
            "software token, no validation; keys are files protected by the PIN"
            if "SoftHSM" in facts["manufacturer"]
            else "not checked by pipeline-guard"
        )
        show_one("token", {**facts, "home": wiring.home, "validation": note, "attested": False}, args, wiring)
    return ExitCode.CLEAN


def _check(args: Args, wiring: Wiring) -> ExitCode:
    """Examine the token now, whatever is known of it; the exit code says whether it may hold keys."""
    boundary = examine(wiring.token(args.text("token")), wiring.state(), wiring.clock)
    wiring.console.data(as_boundary.document(boundary) if args.text("format") == "json" else as_boundary.text(boundary))
    return ExitCode.NO if boundary.grade is Grade.REJECT else ExitCode.CLEAN
