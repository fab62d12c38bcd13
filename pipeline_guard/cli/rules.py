# SPDX-License-Identifier: Apache-2.0
"""``rules list`` and ``rules check``: what the scanner knows, and its proof."""

from __future__ import annotations

import json

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.scan import usual_rules
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode
from pipeline_guard.flows.rules import every_rule, wrong_rules


def run(args: Args, wiring: Wiring) -> ExitCode:
    """List the rules, or prove them."""
    return _check(args, wiring) if args.action == "check" else _list(args, wiring)


def _list(args: Args, wiring: Wiring) -> ExitCode:
    rules = every_rule(wiring.rulepacks(wiring.config("").scan.rules or usual_rules(wiring)), wiring.cache)
    if args.text("format") == "json":
        listed = [
            {"id": rule.id, "title": rule.title, "kind": rule.kind, "severity": rule.severity, "proof": rule.proof, "source": rule.source}
            for rule in rules
        ]
        wiring.console.data(json.dumps({"schema": "pipeline-guard/rules/v1", "rules": listed}, indent=1))
        return ExitCode.CLEAN
    width = max((len(rule.id) for rule in rules), default=0)
    lines = [
        f"{rule.id:<{width}}  {rule.severity:<8}  {'proof' if rule.proof else '     '}  {rule.kind:<12}  {rule.title}" for rule in rules
    ]
    wiring.console.data("\n".join([*lines, f"{len(rules)} rules"]))
    return ExitCode.CLEAN


def _check(args: Args, wiring: Wiring) -> ExitCode:
    paths = args.many("rules") or wiring.config("").scan.rules or usual_rules(wiring)
    count, wrong = wrong_rules(wiring.rulepacks(paths), wiring.cache, wiring.clock.now())
    wiring.console.data("\n".join([*wrong, f"{count} rules, {len(wrong)} wrong" if wrong else f"{count} rules hold"]))
    return ExitCode.NO if wrong else ExitCode.CLEAN
