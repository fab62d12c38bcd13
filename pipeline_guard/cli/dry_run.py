# SPDX-License-Identifier: Apache-2.0
"""``dry-run``: every step of ours in this repository's workflows, through rehearsal doors, with the exit code they would give."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from pipeline_guard.cli.args import Args, HelpWanted, parse
from pipeline_guard.cli.commands import command
from pipeline_guard.cli.doors import secret_doors
from pipeline_guard.cli.wiring import Rehearsal, Wiring
from pipeline_guard.errors import ExitCode, GuardError, NothingToDo, UsageError, weightiest
from pipeline_guard.flows import rehearse, secrets
from pipeline_guard.flows.rehearse import PlannedStep, Situation
from pipeline_guard.model.secret import Secret

_LIMIT = 4 * 1024 * 1024
_READS_ONLY = ("scan", "gate", "verify", "explain", "rules", "policy", "audit")


@dataclass(slots=True)
class Performance:
    """What one rehearsed step did and said."""

    step: PlannedStep
    code: int
    said: str
    notes: list[str] = field(default_factory=list)


class Listener:
    """A console that listens instead of printing."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def data(self, text: str) -> None:
        """Keep data."""
        self.lines.append(text.rstrip("\n"))

    def talk(self, text: str) -> None:
        """Keep talk."""
        self.lines.append(text)


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Plan, perform each step once, report; the weightiest exit code of the steps is ours."""
    situation = _situation(args, wiring)
    root = Path(wiring.git().root())
    workflows = _workflows(root, wiring)
    gitlab = ".gitlab-ci.yml"
    gitlab_file = _read(root / gitlab, gitlab, wiring) if wiring.files.kind(str(root / gitlab)) == "file" else None
    plan = rehearse.plan(workflows, gitlab_file, situation, args.text("job"))
    if not plan.steps and not plan.unclear:
        raise NothingToDo("no pipeline-guard step in this repository's workflows", "the README shows the lines to add")
    rehearsal = Rehearsal.of(wiring)
    known: dict[tuple[object, ...], Performance] = {}
    performances = []
    for number, step in enumerate(plan.steps):
        wiring.progress.step("rehearsing", number, len(plan.steps))
        whose = (step.forge, step.path, step.job) if step.verb in ("inject", "run") else ()
        likeness: tuple[object, ...] = (*whose, step.words, tuple(sorted(step.environment.items())), step.notes)
        if likeness not in known:
            known[likeness] = _perform(step, situation, rehearsal, wiring)
        first = known[likeness]
        same = first.step is not step
        performances.append(
            Performance(step, first.code, "as above" if same else first.said, list(step.notes) + ([] if same else first.notes))
        )
    wiring.progress.close()
    counted = [each.code for each in performances if each.step.counts]
    counted += [ExitCode.INCOMPLETE] * bool(plan.unclear)
    code = weightiest([ExitCode(each) if each in set(ExitCode) else ExitCode.NO for each in counted])
    if args.text("format") == "json":
        wiring.console.data(json.dumps(_document(performances, plan, rehearsal, code), indent=2))
    else:
        wiring.console.data(_text(performances, plan, situation, code))
    return code


def _perform(step: PlannedStep, situation: Situation, rehearsal: Rehearsal, wiring: Wiring) -> Performance:
    """Run one step's own command with its own settings; a failure is its answer, not ours."""
    listener = Listener()
    done = Performance(step, ExitCode.CLEAN, "")
    if step.folder:
        done.code = ExitCode.INCOMPLETE
        return done
    try:
        kept = {name: value for name, value in wiring.environ.items() if not name.startswith("PIPELINE_GUARD_")}
        step_args = parse(step.words, {**kept, **step.environment})
        doors = rehearsal.doors(step_args, listener, verb=step.verb)
        if step.verb in ("inject", "run"):
            _prepare_secrets(step, situation, doors, wiring, done)
        known = command(step_args.verb)
        if known is None:  # Defensive: parse has refused it
            raise UsageError(f"no such command: {step_args.verb}")
        done.code = int(import_module(f"pipeline_guard.cli.{known.module}").run(step_args, doors)) if not done.code else done.code
    except HelpWanted:
        done.notes.append("asks for help only")
    except NothingToDo as error:
        if step.verb in ("sign", "verify"):  # what an earlier step of somebody else builds is not here
            done.notes.append(f"not checked: {error.what}; an earlier step of the pipeline may make it")
        else:
            done.code = error.exit_code
        listener.talk(f"{error.what}; {error.hint}")
    except GuardError as error:
        done.code = error.exit_code
        listener.talk(f"error: {error.what}")
        if error.hint:
            listener.talk(f"hint: {error.hint}")
    done.said = "\n".join(listener.lines)
    return done


def _prepare_secrets(step: PlannedStep, situation: Situation, doors: Wiring, wiring: Wiring, done: Performance) -> None:
    """Put canaries where the secrets would be, and ask the policy about this job with a locally signed identity."""
    config = doors.config("")
    names = sorted({binding.secret for binding in config.bindings()})
    for name in names:
        secrets.put(name, Secret(wiring.random.bytes(16).hex().encode()), doors=secret_doors(doors))
    if not config.policy.grants:
        if names:
            done.notes.append("the policy grants nothing, so only a local store would give these: " + ", ".join(names))
        return
    now = wiring.clock.now()
    issued = rehearse.claims(step, situation, config.policy, now)
    issuer = Rehearsal.issuer(issued)
    for decision in rehearse.decisions(names, config.policy, tokens=issuer, keys=issuer, issuer=str(issued["iss"]), now=now):
        done.notes.append(f"{decision.secret}: {'granted' if decision.allowed else 'DENIED'} ({decision.why})")
        if not decision.allowed:
            done.code = ExitCode.DENIED


def _situation(args: Args, wiring: Wiring) -> Situation:
    """Read from git what the pipeline would run for."""
    git = wiring.git()
    git.root()
    try:
        head = wiring.head()
    except UsageError:
        raise NothingToDo("the repository has no commit yet", "commit something first") from None
    return Situation(args.text("event"), head.sha, head.ref, args.text("base") or head.base, head.repository)


def _workflows(root: Path, wiring: Wiring) -> Mapping[str, bytes]:
    folder = root / ".github" / "workflows"
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".yml", ".yaml")) if folder.is_dir() else []
    return {f".github/workflows/{name}": _read(folder / name, f".github/workflows/{name}", wiring) for name in names}


def _read(path: Path, name: str, wiring: Wiring) -> bytes:
    if wiring.files.kind(str(path)) != "file":
        raise UsageError(f"{name}: not a regular file")
    return wiring.files.read(str(path), _LIMIT)


def _meaning(code: int) -> str:
    words = {0: "clean", 1: "BLOCK", 2: "usage", 3: "nothing to look at", 4: "denied", 5: "unavailable", 6: "incomplete", 70: "bug"}
    return words.get(code, "failed")


def _fidelity(performances: list[Performance], plan: rehearse.Plan) -> dict[str, list[str]]:
    verbs = {each.step.verb for each in performances}
    real = ["workflow files, configuration and policy, read as they are"]
    real += [f"{verb}: the same code, rules and exit code as in the pipeline" for verb in _READS_ONLY if verb in verbs]
    simulated, unchecked = [], []
    if "sign" in verbs:
        simulated.append("sign: a throw-away software key in memory, so that no key of yours is used")
        unchecked.append("whether the runner's token holds the signing key")
    if verbs & {"inject", "run"}:
        simulated += ["secrets: canaries instead of values", "job identity: signed here by a local issuer, with the forge's claims"]
        unchecked += ["whether the runner's store holds the secrets", "the forge's numbers of repository and owner (taken from the policy)"]
        if "run" in verbs:
            unchecked.append("the commands behind `run --`: not started")
    unchecked += [f"a call that is not understood, so the answer is incomplete: {line}" for line in plan.unclear]
    if plan.others:
        plural = "s" if plan.others != 1 else ""
        unchecked.append(f"{plan.others} step{plural} and include{plural} of others: not run")
    unchecked.append("the forge's own settings: required checks, permissions, protected branches")
    return {"real": real, "simulated": simulated, "not_checked": unchecked}


def _text(performances: list[Performance], plan: rehearse.Plan, situation: Situation, code: ExitCode) -> str:
    lines = [f"dry-run of {len(performances)} step{'s' if len(performances) != 1 else ''} at {situation.sha[:12]} ({situation.ref})", ""]
    for each in performances:
        step = each.step
        words = " ".join(step.words) if step.verb != "run" else "run -- ..."
        lines.append(f"[{step.forge}] {step.path}:{step.line}  job {step.job}")
        excuse = "" if step.counts else ", which does not count: continue-on-error"
        lines.append(f"  {words}  ->  exit {each.code} {_meaning(each.code)}{excuse}")
        lines += [f"  note: {note}" for note in each.notes]
        lines += [f"    {line}" for line in each.said.splitlines()]
        lines.append("")
    lines.append("fidelity:")
    for kind, items in _fidelity(performances, plan).items():
        lines += [f"  {kind.replace('_', ' '):<12} {item}" for item in items]
    lines += ["", f"verdict: exit {int(code)} {_meaning(code)}", "0 writes made"]
    return "\n".join(lines)


def _document(performances: list[Performance], plan: rehearse.Plan, rehearsal: Rehearsal, code: ExitCode) -> dict[str, object]:
    steps = [
        {
            "forge": each.step.forge,
            "path": each.step.path,
            "line": each.step.line,
            "job": each.step.job,
            "verb": each.step.verb,
            "command": list(each.step.words),
            "settings": dict(each.step.environment),
            "exit_code": each.code,
            "counts": each.step.counts,
            "output": each.said,
            "notes": each.notes,
        }
        for each in performances
    ]
    return {
        "schema": "pipeline-guard/dry-run/v1",
        "exit_code": int(code),
        "steps": steps,
        "would_write": sorted(posixpath.basename(path) for path in rehearsal.files.written),
        "fidelity": _fidelity(performances, plan),
        "writes": 0,
    }
