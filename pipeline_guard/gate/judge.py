# SPDX-License-Identifier: Apache-2.0
"""Facts x checks x settings to one verdict; what could not be looked at is never a pass."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.checks.vulnerable_package import RULE as VULNERABLE_RULE
from pipeline_guard.gate.facts import AdvisoryFacts, Facts, GateFacts, Kind
from pipeline_guard.gate.glob import matches
from pipeline_guard.gate.model_file import ModelFacts, ModelVerdict
from pipeline_guard.gate.registry import RULES
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.gate_settings import GateSettings, Waived
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict

_SHOWN = 3  # problems named in a sentence; the locations name all
# where the noun for one is more than the plural without its last letter
_SINGULAR = {
    Kind.WORKFLOW: "workflow or action",
    Kind.IMAGE: "file that names images",
    Kind.SCRIPT: "file with shell scripts",
    Kind.PIN: "pin asked of the forge",
}


def judge(facts: GateFacts, settings: GateSettings, today: date) -> Verdict:
    """Return the verdict: every check once for each file with a problem, or once as passed."""
    checks: list[Check] = []
    for rule in RULES:
        checks += _run(rule, facts, settings, today)
    failed = any(check.status is CheckStatus.FAIL for check in checks)
    open_ = any(check.status is CheckStatus.UNCHECKED and check.id not in settings.allow_unchecked for check in checks)
    outcome = Outcome.BLOCK if failed else Outcome.INCOMPLETE if open_ else Outcome.ALLOW
    return Verdict(outcome, tuple(checks), settings.digest, settings.source, tuple(_known(facts, settings, today)))


def _known(facts: GateFacts, settings: GateSettings, today: date) -> Iterator[Weakness]:
    """Give the weaknesses of what is pinned, with the places where no waiver covers them."""
    waivers = [each for each in settings.waivers if each.check == VULNERABLE_RULE.id and today <= _last_day(each, settings.source)]
    for _, found in facts.found:
        for weakness in found.weaknesses if isinstance(found, AdvisoryFacts) else ():
            places = tuple(
                place
                for place in weakness.places
                if weakness.malicious
                or not any(
                    (not each.path or matches(place.path, each.path)) and (not each.advisory or each.advisory in weakness.ids)
                    for each in waivers
                )
            )
            if places:
                yield replace(weakness, places=places)


def validate(settings: GateSettings) -> None:
    """Raise UsageError for a waiver or an allowance that could not mean what it says."""
    known = [rule.id for rule in RULES]
    for named in [*settings.allow_unchecked, *(waiver.check for waiver in settings.waivers)]:
        if named not in known:
            near = difflib.get_close_matches(named, known, n=1)
            raise UsageError(
                f"{settings.source}: gate: no check is called {named[:60]!r}",
                f"did you mean {near[0]}?" if near else f"checks: {', '.join(known)}",
            )
    for waiver in settings.waivers:
        _last_day(waiver, settings.source)
        if not next(rule for rule in RULES if rule.id == waiver.check).waivable:
            raise UsageError(f"{settings.source}: gate.waive: {waiver.check} cannot be waived", "take what is malicious out")
        if not waiver.reason.strip() or not waiver.owner.strip():
            raise UsageError(f"{settings.source}: gate.waive: {waiver.check}: a waiver needs a reason and an owner")


def _last_day(waiver: Waived, source: str) -> date:
    try:
        return date.fromisoformat(waiver.until)
    except ValueError:
        raise UsageError(f"{source}: gate.waive: {waiver.check}: not a date: {waiver.until[:40]!r}", "write until: YYYY-MM-DD") from None


def _run(rule: Rule, facts: GateFacts, settings: GateSettings, today: date) -> list[Check]:
    looked = [found for kind, found in facts.found if kind is rule.kind]
    if rule.informs:
        return _inform(rule, looked, facts, settings)
    groups: dict[tuple[str, tuple[str, ...]], list[Problem]] = {}
    doubts: dict[str, list[Problem]] = {}
    for found in looked:
        for problem in rule.check(found, settings):
            if problem.doubt:
                doubts.setdefault(problem.location.path, []).append(problem)
            else:
                groups.setdefault((problem.location.path, problem.ids), []).append(problem)
    failing = [_settle(rule, path, problems, settings, today) for (path, _), problems in groups.items()]
    checks = sorted(failing, key=lambda check: check.status is not CheckStatus.FAIL)
    checks += [_undecided(rule, problems) for problems in doubts.values()]
    missing = [item for kind, item in facts.unchecked if kind is rule.kind and not rule.follows]
    missing += [item for found in looked if isinstance(found, ModelFacts) for item in _doubts(found)]
    checks += [Check(rule.id, CheckStatus.UNCHECKED, item.why, (Location(item.what),), _remedy(rule, settings)) for item in missing]
    if not checks:
        note = "".join(f", {note}" for kind, note in facts.notes if kind is rule.kind)
        checks.append(Check(rule.id, CheckStatus.PASS, _looked_at(rule.kind, len(looked), facts, note)))
    return checks


def _undecided(rule: Rule, problems: list[Problem]) -> Check:
    """Return one file's doubts as an unchecked check."""
    places = tuple(sorted({problem.location for problem in problems}))
    return Check(rule.id, CheckStatus.UNCHECKED, f"{_listing(problems)} {rule.claim}".rstrip(), places, problems[0].fix)


def _listing(problems: list[Problem]) -> str:
    named = list(dict.fromkeys(problem.what for problem in problems))
    return ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")


def _looked_at(kind: Kind, number: int, facts: GateFacts, note: str = "") -> str:
    if not number:
        return _nothing(kind, facts)
    return f"{number} {kind.value if number != 1 else _SINGULAR.get(kind, kind.value.removesuffix('s'))} looked at{note}"


def _nothing(kind: Kind, facts: GateFacts) -> str:
    if kind is Kind.ARTIFACT:
        return "policy names no artifacts" if not facts.base else "no artifact that policy names was changed"
    return f"no {kind.value} among {facts.files} {'changed ' if facts.base else ''}file{'' if facts.files == 1 else 's'}"


def _doubts(model: ModelFacts) -> Iterator[Unchecked]:
    if model.verdict is ModelVerdict.UNDECIDABLE:
        yield Unchecked(model.path, f"cannot tell what loading it would do: {'; '.join(model.doubts[:_SHOWN])}")


def _remedy(rule: Rule, settings: GateSettings) -> str:
    if rule.id in settings.allow_unchecked:
        return ""  # policy puts up with it
    return f"mend it, leave it out with gate.exclude, or put {rule.id} under gate.allow-unchecked"


def _settle(rule: Rule, path: str, problems: list[Problem], settings: GateSettings, today: date) -> Check:
    """Return one file's problems as a check, failed or waived."""
    places = tuple(sorted({problem.location for problem in problems}))
    why = f"{_listing(problems)} {rule.claim}".rstrip() + f"; {rule.why}"
    check = Check(rule.id, CheckStatus.FAIL, why, places, problems[0].fix)
    expired = ""
    for waiver in settings.waivers:
        if waiver.check != rule.id or (waiver.path and not matches(path, waiver.path)):
            continue
        if waiver.advisory and waiver.advisory not in problems[0].ids:
            continue
        if today <= _last_day(waiver, settings.source):
            return replace(check, status=CheckStatus.WAIVED, why=f"{waiver.reason} (until {waiver.until}, {waiver.owner}); {why}")
        expired = f"; the waiver of {waiver.owner} ended on {waiver.until}"
    return replace(check, why=why + expired)


def _inform(rule: Rule, looked: Sequence[Facts], facts: GateFacts, settings: GateSettings) -> list[Check]:
    """Return a note to the reviewer; without a merge target there is no change to speak of."""
    problems = [problem for found in looked for problem in rule.check(found, settings)]
    if rule.kind is Kind.CHANGE and not facts.base:
        return [Check(rule.id, CheckStatus.PASS, "no merge target to compare with")]
    if not problems and rule.kind is not Kind.CHANGE:
        return [Check(rule.id, CheckStatus.PASS, _looked_at(rule.kind, len(looked), facts))]
    if not problems:
        return [Check(rule.id, CheckStatus.PASS, "nothing that the gate rests on was changed")]
    listing = ", ".join(problem.what for problem in problems[:_SHOWN]) + (" and more" if len(problems) > _SHOWN else "")
    why = f"{listing} {rule.claim}; {rule.why}"
    return [Check(rule.id, CheckStatus.PASS, why, tuple(sorted(problem.location for problem in problems)), problems[0].fix)]
