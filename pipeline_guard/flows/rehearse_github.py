# SPDX-License-Identifier: Apache-2.0
"""A GitHub workflow, rehearsed: events and filters, jobs in the order of their needs, conditions, matrix, workflows it calls.

What a job does, ``rehearse_job`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import Rehearsal, RehearseDoors, named_line
from pipeline_guard.flows.rehearse_job import JobPlay, Run, concerns_us
from pipeline_guard.gate import ci_file
from pipeline_guard.gate.ci_facts import Job, WorkflowFacts
from pipeline_guard.gate.ci_node import find, text_of
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.model.situation import Situation
from pipeline_guard.rehearse.github_form import check_workflow
from pipeline_guard.rehearse.matrix import combinations
from pipeline_guard.rehearse.scope import Ground, Scope, is_true
from pipeline_guard.rehearse.situation import GITHUB_EVENTS, github_context, github_event, github_ref, guessed, named_event
from pipeline_guard.rehearse.triggers import starts

_MAX_CALLS = 4  # levels of reusable workflows, as GitHub allows
_ACTIONS = ("synchronize", "opened", "reopened", "ready_for_review")  # of a pull request, that bring commits to check
_RANKS = ("success", "skipped", "failure")


def rehearse_workflow(content: bytes, path: str, situation: Situation, job: str, found: Rehearsal, doors: RehearseDoors) -> None:
    """Rehearse the workflow in the situation, or in an event of its own where none is asked for."""
    facts = ci_file.github(content, path)
    check_workflow(parse_yaml(content, path), path)
    event = _event(facts, situation, found, doors)
    if not event:
        return
    situation = replace(situation, action=_action(facts, github_event(event)))
    root = parse_yaml(content, path)
    inputs = _declared(find(root, "on", "workflow_dispatch", "inputs"), path) if event == "workflow_dispatch" else {}
    _jobs(Run(facts, root, situation, event, doors, found, inputs=inputs, top=path), job)


def _event(facts: WorkflowFacts, situation: Situation, found: Rehearsal, doors: RehearseDoors) -> str:
    """Return our name of the event to rehearse the workflow in, "" where the situation does not start it."""
    asked = situation.event
    names = GITHUB_EVENTS[asked] if asked else ()
    reasons: list[str] = []
    for trigger in facts.triggers:
        if trigger.name == "workflow_call":  # another workflow starts it
            continue
        event = asked if trigger.name in names else "" if asked else named_event(trigger.name)
        if not event:
            continue
        stopped = _stopped(trigger.filters, replace(situation, event=event), event, doors)
        if not stopped:
            return event
        reasons.append(f"{trigger.name} ({stopped})")
    if asked:
        why = f"its filters: {', '.join(reasons)}" if reasons else f"it does not run on {github_event(asked)}"
        found.skipped.append(f"{facts.path}: {why}")
        return ""
    if not facts.triggers or all(trigger.name == "workflow_call" for trigger in facts.triggers):
        return ""
    found.assumed.append(f"{facts.path}: rehearsed as {facts.triggers[0].name}, though its filters leave out what is checked out")
    return named_event(facts.triggers[0].name)


def _action(facts: WorkflowFacts, name: str) -> str:
    """Return what happens to the pull request: a push to it, where the workflow asks for that."""
    types = next((trigger.filters.get("types") for trigger in facts.triggers if trigger.name == name), None)
    return next((action for action in _ACTIONS if action in types), _ACTIONS[0]) if types else _ACTIONS[0]


def _stopped(filters: Mapping[str, tuple[str, ...]], situation: Situation, event: str, doors: RehearseDoors) -> str:
    name, ref = github_event(event), github_ref(situation, event)
    tag = ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else ""
    if name in ("pull_request", "pull_request_target", "merge_group"):
        types = filters.get("types")
        if types and name != "merge_group" and not set(types) & set(_ACTIONS):
            return "types"
        return starts(filters, branch=situation.target, tag="", changed=doors.changed())
    if name != "push":
        return ""
    return starts(filters, branch=situation.branch if not tag else "", tag=tag, changed=doors.changed())


@dataclass(slots=True)
class _Ended:
    """How the jobs so far ended.

    ``chains`` has the worst of a job and of all that it needs, by which ``success()`` and ``failure()`` go; ``unsure`` names the jobs
    that may not run, and what that depends on.
    """

    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    chains: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)

    def chain(self, job: Job) -> str:
        """Return the worst of all that a job needs."""
        return max((self.chains[need] for need in job.needs), key=_RANKS.index, default="success")


def _jobs(run: Run, wanted: str) -> _Ended:
    """Rehearse the jobs in the order of their needs; return how each ended."""
    ended = _Ended()
    waiting = list(run.facts.jobs)
    while waiting:
        ready = [job for job in waiting if all(need in ended.results for need in job.needs)]
        if not ready:
            raise UsageError(f"{run.facts.path}:{waiting[0].line}: the job {waiting[0].id} needs one that is not there, or itself")
        for job in ready:
            waiting.remove(job)
            ended.results[job.id], ended.outputs[job.id] = _job(run, job, ended, wanted)
            ended.chains[job.id] = max(ended.results[job.id], ended.chain(job), key=_RANKS.index)
    return ended


def _scope(run: Run, job: Job, ended: _Ended) -> Scope:
    needs = {need: {"result": ended.results[need], "outputs": ended.outputs.get(need, {})} for need in job.needs}
    context = github_context(run.situation, run.event, workflow=_name(run.root), path=run.top, job=job.id, root=run.doors.root)
    contexts = {"github": context, "inputs": dict(run.inputs), "needs": needs, "vars": {}, "secrets": {}, "strategy": {}, "matrix": {}}
    ground = Ground(_tree(run.doors.assumed), guessed(run.situation), run.doors.exists, no_secrets=run.event == "fork")
    return Scope(contexts, ended.chain(job), ground=ground)


def _tree(assumed: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person assumes of contexts, as contexts are."""
    found: dict[str, Any] = {}
    for path, value in assumed.items():
        *above, last = path.split(".")
        place = found
        for part in above:
            place = place.setdefault(part, {})
        if above:
            place[last] = value
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def _job(run: Run, job: Job, ended: _Ended, wanted: str) -> tuple[str, dict[str, str]]:
    """Rehearse every variation of a job; return its result and the outputs that are known."""
    facts = run.facts
    if wanted and job.id != wanted and not run.caller:
        return "success", {}
    where = f"{facts.path}:{job.line}"
    scope = _scope(run, job, ended)
    unsure = ""
    try:
        ours = job.uses or any(concerns_us(step, run) for step in facts.of(job.id))
        if not scope.condition(job.condition, "if"):
            asks = scope.asks_status(job.condition)
            unsure = scope.undecided(job.condition) if scope.status == "success" or asks else ""
            if not unsure:
                if ours:
                    run.found.skipped.append(f"{where}: the job {job.id}: {job.condition or 'a job that it needs failed or did not run'}")
                return "skipped", {}
        if not scope.asks_status(job.condition):  # it runs only where those that it needs do
            unsure = unsure or next((ended.unsure[need] for need in job.needs if need in ended.unsure), "")
        varied = _variations(run, job, scope, bool(ours), where)
    except UsageError as error:
        raise named_line(facts.path, job.line, error) from None
    if unsure:
        ended.unsure[job.id] = unsure
    results: list[str] = []
    outputs: dict[str, str] = {}
    for values in varied:
        inner = scope.having(matrix=values, strategy={"job-index": float(len(results)), "job-total": float(len(varied)), "fail-fast": True})
        inner = inner.with_status("success")  # it runs: whatever was before, its own steps begin anew
        if job.uses:
            result, outputs = _reused(run, job, inner, unsure)
        else:
            result, outputs = JobPlay(run, job, inner, run.perhaps or unsure).play()
        soft = is_true(inner.text(job.continues, "continue-on-error"))
        results.append("success" if soft else result)
    return "failure" if "failure" in results else "success", outputs


def _variations(run: Run, job: Job, scope: Scope, ours: bool, where: str) -> list[dict[str, Any]]:
    node = find(run.root, "jobs", job.id, "strategy", "matrix")
    if node is None:
        return [{}]
    plain = node.plain()
    unknown = list(dict.fromkeys(_unknown(plain, scope)))
    if unknown:
        if ours:
            run.found.unclear.append(f"{where}: the job {job.id}: its matrix depends on {', '.join(unknown)}, which only the forge knows")
        return (
            [{}]
            if not isinstance(plain, Mapping)
            else combinations({key: value for key, value in plain.items() if not list(_unknown(value, scope))})
        )
    matrix = _filled(plain, scope)
    if not isinstance(matrix, Mapping):
        return [{}]
    return combinations(matrix)


def _unknown(value: Any, scope: Scope) -> list[str]:
    """Return the values in a matrix that nobody here knows."""
    if isinstance(value, str):
        return scope.unknown(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    return [found for each in value for found in _unknown(each, scope)] if isinstance(value, list) else []


def _filled(value: Any, scope: Scope) -> Any:
    """Replace the expressions inside a matrix, by lists and objects too."""
    if isinstance(value, str):
        return scope.whole(value, "matrix")
    if isinstance(value, list):
        return [_filled(each, scope) for each in value]
    if isinstance(value, Mapping):
        return {key: _filled(each, scope) for key, each in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _reused(run: Run, job: Job, scope: Scope, unsure: str) -> tuple[str, dict[str, str]]:
    """Follow a reusable workflow of this repository; return its result and outputs."""
    facts = run.facts
    path = job.uses.removeprefix("./").removeprefix("$/")
    content = run.doors.read(path) if job.uses.startswith(("./", "$/")) else None
    if content is None or run.depth >= _MAX_CALLS:
        run.found.unseen.append(f"{facts.path}:{job.line}: the workflow {job.uses}")
        return "success", {}
    called = ci_file.github(content, path)
    root = parse_yaml(content, path)
    check_workflow(root, path)
    if "workflow_call" not in called.events:
        raise UsageError(
            f"{facts.path}:{job.line}: the job {job.id} calls {path}, which nobody can call", "add workflow_call: under its on:"
        )
    _check_inputs(job, find(root, "on", "workflow_call", "inputs"), path, facts.path)
    given = {name: scope.whole(value, f"with.{name}") for name, value in job.inputs.items() if not scope.unknown(value)}
    declared = {
        name: value for name, value in _declared(find(root, "on", "workflow_call", "inputs"), path).items() if name not in job.inputs
    }
    granted = job.permissions if job.permissions is not None else facts.permissions
    soft = run.soft or is_true(scope.text(job.continues, "continue-on-error"))
    inner = replace(
        run,
        facts=called,
        root=root,
        inputs=declared | given,
        caller=job.id,
        depth=run.depth + 1,
        granted=granted if run.granted is None or (job.permissions is not None or facts.states_permissions) else run.granted,
        perhaps=run.perhaps or unsure,
        soft=soft,
    )
    ended = _jobs(inner, "")
    jobs = {name: {"result": result, "outputs": ended.outputs[name]} for name, result in ended.results.items()}
    asked = scope.having(jobs=jobs)
    outputs = find(root, "on", "workflow_call", "outputs")
    texts = {name: text_of(spec.get("value"), path) for name, spec in outputs.items()} if outputs is not None else {}
    known = {name: asked.text(value, f"outputs.{name}") for name, value in texts.items() if not asked.unknown(value)}
    return "failure" if "failure" in ended.results.values() else "success", known


def _check_inputs(job: Job, inputs: Node | None, path: str, where: str) -> None:
    """Raise UsageError where a caller gives an input that is none, or leaves one out."""
    declared = dict(inputs.items()) if inputs is not None else {}
    unknown = next((name for name in job.inputs if name not in declared), "")
    if unknown:
        raise UsageError(f"{where}:{job.line}: {path} has no input {unknown}", f"known are {', '.join(declared) or 'none'}")
    for name, spec in declared.items():
        needed = isinstance(spec.value, dict) and is_true(text_of(spec.get("required"), path))
        if needed and name not in job.inputs:
            raise UsageError(f"{where}:{job.line}: the job {job.id} leaves out the input {name} of {path}", f"write {name}: under with:")


def _declared(inputs: Node | None, path: str) -> dict[str, Any]:
    """Return the defaults of inputs; those without one are empty as GitHub has them, a boolean false and a number 0."""
    found: dict[str, Any] = {}
    for name, spec in inputs.items() if inputs is not None else ():
        node = spec.get("default")
        kind = text_of(spec.get("type"), path) if isinstance(spec.value, dict) else ""
        if node is not None:
            plain = node.plain()
            found[name] = float(plain) if isinstance(plain, int) and not isinstance(plain, bool) else plain
        elif (
            kind == "choice" and isinstance(options := spec.get("options"), Node) and isinstance(options.plain(), list) and options.plain()
        ):
            found[name] = str(options.plain()[0])  # the forge's form has chosen the first
        elif not is_true(text_of(spec.get("required"), path) if isinstance(spec.value, dict) else ""):
            found[name] = False if kind == "boolean" else 0.0 if kind == "number" else ""
    return found


def _name(root: Node) -> str:
    found = root.get("name")
    return found.text if found is not None else ""
