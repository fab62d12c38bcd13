# SPDX-License-Identifier: Apache-2.0
"""``policy``: check, explain."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.table import show
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError

_LIMIT = 1024 * 1024


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``policy``."""
    config = wiring.config("")
    if args.action == "check":
        grants, bound = len(config.policy.grants), len(config.secrets)
        wiring.console.data(f"ok   {grants} grant{'s' if grants != 1 else ''}, {bound} secret{'s' if bound != 1 else ''} bound")
        return ExitCode.CLEAN
    from pipeline_guard.flows import policies
    from pipeline_guard.model.document import parse_json

    path = args.text("claims")
    if not path:
        raise UsageError("policy explain needs the job's claims", "--claims FILE, a JSON object as the forge signs it")
    claims = parse_json(wiring.files.read(path, _LIMIT), path)
    if not isinstance(claims, dict):
        raise UsageError(f"{path}: not a JSON object")
    decisions = policies.explain(config.policy, claims, args.many("names"))
    rows = [{"secret": each.secret, "decision": "allow" if each.allowed else "deny", "why": each.why} for each in decisions]
    show("decision-list", rows, args, wiring, none="nothing was decided")
    return ExitCode.CLEAN if all(each.allowed for each in decisions) else ExitCode.DENIED
