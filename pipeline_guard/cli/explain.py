# SPDX-License-Identifier: Apache-2.0
"""``explain RULE``: what it looks for, why it matters, what to do."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.scan import usual_rules
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode
from pipeline_guard.flows.rules import STORED, gate_rule, one_rule

_STORED = f"""{STORED}: a value of the secrets store (critical)

looks for   exactly what pipeline-guard secrets put has sealed, every version that is kept, at any place of any text that
            scan reads; only with scan --against-store
proof       HMAC-SHA-256 of the whole value, under a key that the token unwraps; no value is opened for it
format      none: whatever was stored, from 8 bytes and 5 different ones on

why         Whoever can read the text holds the secret.
what to do  issue a new value where the old one is used, and pipeline-guard secrets put NAME; the title names it
            removing it from the newest commit is not enough: history keeps it, and so does every clone
to allow    pipeline-guard:allow {STORED} until=YYYY-MM-DD why this one is harmless
            on the line or the line above it; or take the value out of the store: pipeline-guard secrets delete NAME"""


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Say what is known of one rule of the scan, or of one check of the gate."""
    check = gate_rule(args.text("rule"))
    if check:
        lines = [
            f"{args.text('rule')}: a check of the gate",
            "",
            f"fails for   {check[0]}",
            f"why         {check[1]}",
            "what to do  the gate names the edit or command with each place; docs/rules.md has an example",
            f"to allow    gate.waive: {{check: {args.text('rule')}, path: GLOB, reason: WHY, until: YYYY-MM-DD, owner: WHO}}",
        ]
        wiring.console.data("\n".join(lines))
        return ExitCode.CLEAN
    if args.text("rule") == STORED:
        wiring.console.data(_STORED)
        return ExitCode.CLEAN
    rule = one_rule(args.text("rule"), wiring.rulepacks(wiring.config("").scan.rules or usual_rules(wiring)), wiring.cache)
    proof = f"offline, by structure or checksum: {rule.proof}" if rule.proof else "none: the format has no check that works offline"
    words = ", ".join(rule.keywords or rule.near)
    context = "near one of the words" if rule.near else "with one of the keywords"
    lines = [
        f"{rule.id}: {rule.title} ({rule.severity})",
        "",
        f"looks for   {rule.pattern}",
        *([f"            {context}: {words}"] if words else []),
        f"proof       {proof}",
        f"format      {rule.source}",
        "",
        f"why         {rule.about or 'Whoever holds it acts as its owner.'}",
        f"what to do  {rule.hint}",
        "            removing it from the newest commit is not enough: history keeps it, and so does every clone",
        f"to allow    pipeline-guard:allow {rule.id} until=YYYY-MM-DD why this one is harmless",
        "            on the line or the line above it; or a baseline: scan --write-baseline .pipeline-guard/baseline.json",
    ]
    wiring.console.data("\n".join(lines))
    return ExitCode.CLEAN
