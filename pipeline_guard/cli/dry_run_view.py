# SPDX-License-Identifier: Apache-2.0
"""What a rehearsal found, as text and as JSON; both end with what was real, what was simulated and what nobody looked at."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from pipeline_guard import __version__
from pipeline_guard.flows.rehearse import Rehearsal
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import Rehearsed

_READS_ONLY = ("scan", "gate", "verify", "explain", "rules", "policy", "audit")
_MEANINGS = {0: "clean", 1: "BLOCK", 2: "usage", 3: "nothing to look at", 4: "denied", 5: "unavailable", 6: "incomplete", 70: "bug"}
_NOT_CHECKED = "not checked: "
_SHOWN = 20  # of others' steps
_PASSED = "pass       "  # the gate's line for a check that found nothing: forty of them hide the one that did


def fidelity(found: Rehearsal, verbs: Collection[str]) -> dict[str, list[str]]:
    """Say what was checked for real, what was simulated, and what was not checked, each with its reason."""
    forges = {each.forge for each in found.steps}
    real = ["workflow files, conditions, configuration and policy, read as they are"]
    real += [f"{verb}: the same code, rules and exit code as in the pipeline" for verb in _READS_ONLY if verb in verbs]
    simulated = []
    if any("@" in each.label or each.label.startswith(("./", "$/")) for each in found.steps):
        real.append("our actions: their action.yml, scripts and launchers, run as the runner runs them")
        simulated.append(
            f"the actions of the commit that is named: those of this version ({__version__}) took their place; nothing was installed"
        )
    if "gitlab" in forges:
        real.append("includes, inputs, rules and our templates' own script lines")
        simulated.append(f"the tool that the templates fetch: this version ({__version__})")
    unchecked = []
    if "sign" in verbs:
        simulated.append("sign: a throw-away software key in memory, so that no key of yours is used")
        unchecked.append("whether the runner's token holds the signing key")
    if set(verbs) & {"inject", "run"}:
        simulated += ["secrets: canaries instead of values", "job identity: signed here by a local issuer, with the forge's claims"]
        unchecked += [
            "whether the runner's store holds the secrets",
            "the forge's numbers of repository and owner: taken from the policy",
            "which branches are protected: the default one is assumed to be",
        ]
        if "run" in verbs:
            unchecked.append("the commands behind `run --`: not started")
    unchecked += [f"a call that is not understood, so the answer is incomplete: {line}" for line in found.unclear]
    notes = (note for each in found.steps for note in each.notes if note.startswith(_NOT_CHECKED))
    unchecked += dict.fromkeys(note.removeprefix(_NOT_CHECKED) for note in notes)
    simulated += found.assumed
    unchecked += [f"{each}; a step of ours in it was not seen" for each in found.unseen]
    unchecked += [f"{each}: not started here" for each in found.unstarted]
    if found.others:
        plural = "s" if len(found.others) != 1 else ""
        unchecked.append(f"{len(found.others)} step{plural} of others: not run, taken as done well")
    unchecked.append("the forge's own settings: required checks, variables, permissions, protected branches")
    return {"real": real, "simulated": simulated, "not_checked": unchecked}


def as_text(found: Rehearsal, situation: Situation, verbs: Collection[str], written: Sequence[str]) -> str:
    """Return the report for people."""
    plural = "s" if len(found.steps) != 1 else ""
    event = f", {situation.event}" if situation.event else ""
    base = f", against {situation.base}" if situation.base else ""
    lines = [f"dry-run of {len(found.steps)} step{plural} at {situation.sha[:12]} ({situation.ref}{event}{base})", ""]
    seen: set[tuple[str, str]] = set()
    for each in found.steps:
        lines += _step(each, (each.label, each.said) in seen)
        seen.add((each.label, each.said))
    if found.skipped:
        lines += ["not started in this situation:", *(f"  {each}" for each in found.skipped), ""]
    if found.others:
        lines += ["not run, because they are not ours:", *(f"  {each}" for each in found.others[:_SHOWN])]
        lines += [f"  and {len(found.others) - _SHOWN} more"] * (len(found.others) > _SHOWN) + [""]
    if written:
        lines += ["the pipeline would write:", *(f"  {each}" for each in written[:_SHOWN]), ""]
    lines.append("fidelity:")
    for kind, items in fidelity(found, verbs).items():
        lines += [f"  {kind.replace('_', ' '):<12} {item}" for item in items]
    lines += ["", f"verdict: exit {int(found.code)} {_meaning(found.code)}", "0 writes made"]
    return "\n".join(lines)


def _step(each: Rehearsed, again: bool) -> list[str]:
    lines = [f"[{each.forge}] {each.path}:{each.line}  job {each.job}"]
    excuse = "" if each.counts else ", which does not count"
    excuse += "" if each.certain else ", if it runs and is gone by"
    excuse += "" if each.reached else ", not reached in the pipeline: an earlier step fails"
    lines.append(f"  {each.label}  ->  exit {each.code} {_meaning(each.code)}{excuse}")
    lines += [f"  note: {note}" for note in each.notes]
    said = [line for line in each.said.splitlines() if not line.startswith(_PASSED)]
    lines += ["    as above"] if again and said else [f"    {line}" for line in said]
    if each.masks:
        lines.append(f"  {each.masks} mask{'s' if each.masks != 1 else ''} registered")
    if each.summary:
        lines.append(f"  job summary: {len(each.summary.splitlines())} lines")
    return [*lines, ""]


def _meaning(code: int) -> str:
    return _MEANINGS.get(code, "failed")


def as_document(found: Rehearsal, situation: Situation, verbs: Collection[str], written: Sequence[str]) -> str:
    """Return the plan as JSON (docs/schemas/dry-run.v1.json)."""
    steps = [
        {
            "forge": each.forge,
            "path": each.path,
            "line": each.line,
            "job": each.job,
            "label": each.label,
            "verb": each.verb,
            "settings": dict(each.settings),
            "exit_code": each.code,
            "counts": each.counts,
            "reached": each.reached,
            "certain": each.certain,
            "output": each.said,
            "summary": each.summary,
            "masks": each.masks,
            "notes": each.notes,
        }
        for each in found.steps
    ]
    document = {
        "schema": "pipeline-guard/dry-run/v1",
        "situation": {"event": situation.event, "sha": situation.sha, "ref": situation.ref, "base": situation.base},
        "exit_code": int(found.code),
        "steps": steps,
        "skipped": found.skipped,
        "others": found.others,
        "unclear": found.unclear,
        "unseen": found.unseen,
        "would_write": list(written),
        "fidelity": fidelity(found, verbs),
        "writes": 0,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
