# SPDX-License-Identifier: Apache-2.0
"""``policy``: check, test, explain."""

from __future__ import annotations

import json

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.table import show
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows import policies

_LIMIT = 1024 * 1024


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``policy``."""
    return {"check": _check, "test": _test, "explain": _explain}[args.action](args, wiring)


def _check(args: Args, wiring: Wiring) -> ExitCode:
    """Show every way into a grant that should not be there; ends with 1 unless each was accepted in words."""
    config = wiring.config("")
    found, odd = policies.too_broad(config.policy), policies.unknown_claims(config.policy)
    open_ways = [each for each in found if not each.accepted]
    if args.text("format") == "json":
        ways = [
            {"grant": each.grant, "what": each.what, "fix": each.fix, "token": dict(each.token), "accepted": each.accepted}
            for each in found
        ]
        wiring.console.data(json.dumps({"schema": "pipeline-guard/policy-check/v1", "broad": ways, "notes": odd}, indent=2))
    else:
        for each in found:
            word = f"accepted ({each.accepted})" if each.accepted else "broad"
            wiring.console.data(
                f"{word}: grant {each.grant}: {each.what}\n  fix: {each.fix}\n  this token gets in: {json.dumps(dict(each.token))}"
            )
        for line in odd:
            wiring.console.data(f"note: {line}")
        if not open_ways:
            grants, bound = len(config.policy.grants), len(config.secrets)
            wiring.console.data(f"ok   {grants} grant{'s' if grants != 1 else ''}, {bound} secret{'s' if bound != 1 else ''} bound")
    return ExitCode.NO if open_ways else ExitCode.CLEAN


def _test(args: Args, wiring: Wiring) -> ExitCode:
    tried = policies.examples(wiring.config("").policy)
    rows = [
        {
            "example": each.name,
            "secret": each.secret,
            "expected": each.expected,
            "result": "ok" if each.holds else "FAILED",
            "why": each.decision.why,
        }
        for each in tried
    ]
    show("example-list", rows, args, wiring, none="no examples")
    return ExitCode.CLEAN if all(each.holds for each in tried) else ExitCode.NO


def _explain(args: Args, wiring: Wiring) -> ExitCode:
    from pipeline_guard.model.document import parse_json

    path = args.text("claims")
    if not path:
        raise UsageError("policy explain needs the job's claims", "--claims FILE, a JSON object as the forge signs it")
    claims = parse_json(wiring.files.read(path, _LIMIT), path)
    if not isinstance(claims, dict):
        raise UsageError(f"{path}: not a JSON object")
    found = policies.explain(wiring.config("").policy, claims, args.many("names"))
    rows: list[dict[str, object]] = []
    for each in found:
        row: dict[str, object] = {
            "secret": each.decision.secret, "decision": "allow" if each.decision.allowed else "deny", "why": each.decision.why
        }  # fmt: skip
        if args.text("format") == "json":
            row["rules"] = [{"grant": rule.label, "differences": [one.text for one in rule.differences]} for rule in each.considered]
        rows.append(row)
    show("decision-list", rows, args, wiring, none="nothing was decided")
    if args.text("format") != "json":
        for each in found:
            for rule in each.considered if not each.decision.allowed else ():
                changes = "; and ".join(_wanted(one) for one in rule.differences)
                wiring.console.data(f"{each.decision.secret}: grant {rule.label} would allow it if {changes}")
    return ExitCode.CLEAN if all(each.decision.allowed for each in found) else ExitCode.DENIED


def _wanted(difference: object) -> str:
    claim, actual, wanted = (getattr(difference, name) for name in ("claim", "actual", "wanted"))
    now = "is missing" if actual is None else f"is {actual!r}"
    return f"{claim} were {' or '.join(map(repr, wanted[:4]))} (it {now})"
