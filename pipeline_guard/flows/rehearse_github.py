# SPDX-License-Identifier: Apache-2.0
"""A GitHub workflow, rehearsed: events and filters, jobs in the order of their needs, conditions, matrix, and our steps.

Our actions run through their own ``action.yml`` (``rehearse_action``); a script's calls of our command are answered one by one,
the script itself is never started. Everybody else's steps are taken as done well, and listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import Rehearsal, RehearseDoors, named_line
from pipeline_guard.flows.rehearse_action import ActionRun, run_action, run_post
from pipeline_guard.gate import ci_file
from pipeline_guard.gate.ci_facts import Job, Step, WorkflowFacts
from pipeline_guard.gate.ci_node import find, texts_of
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import Call, JobNames, Rehearsed
from pipeline_guard.rehearse.calls import calls, expand
from pipeline_guard.rehearse.job_log import rendered
from pipeline_guard.rehearse.matrix import combinations
from pipeline_guard.rehearse.ours import Source, action_source
from pipeline_guard.rehearse.scope import Scope, is_true
from pipeline_guard.rehearse.situation import GITHUB_EVENTS, github_context, github_event, github_ref, named_event
from pipeline_guard.rehearse.triggers import starts

_MAX_CALLS = 4  # levels of reusable workflows, as GitHub allows
_NO_VALUE = "taken as empty"


@dataclass(frozen=True, slots=True)
class _Run:
    """One workflow in one event; ``caller`` names the job that calls it, "" at the top."""

    facts: WorkflowFacts
    root: Node
    situation: Situation
    event: str
    doors: RehearseDoors
    found: Rehearsal
    inputs: Mapping[str, Any] = field(default_factory=dict)
    caller: str = ""
    top: str = ""  # the file that was started
    depth: int = 0


def rehearse_workflow(content: bytes, path: str, situation: Situation, job: str, found: Rehearsal, doors: RehearseDoors) -> None:
    """Rehearse the workflow in the situation, or in an event of its own where none is asked for."""
    facts = ci_file.github(content, path)
    event = _event(facts, situation, found, doors)
    if not event:
        return
    _run(_Run(facts, parse_yaml(content, path), situation, event, doors, found, top=path), job)


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


def _stopped(filters: Mapping[str, tuple[str, ...]], situation: Situation, event: str, doors: RehearseDoors) -> str:
    name, ref = github_event(event), github_ref(situation, event)
    tag = ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else ""
    if name in ("pull_request", "pull_request_target", "merge_group"):
        types = filters.get("types")
        if types and name != "merge_group" and "synchronize" not in types:
            return "types"
        return starts(filters, branch=situation.target, tag="", changed=doors.changed())
    if name != "push":
        return ""
    return starts(filters, branch=situation.branch if not tag else "", tag=tag, changed=doors.changed())


def _run(run: _Run, wanted: str) -> dict[str, str]:
    """Rehearse the jobs in the order of their needs; return how each ended."""
    results: dict[str, str] = {}
    outputs: dict[str, dict[str, str]] = {}
    waiting = list(run.facts.jobs)
    while waiting:
        ready = [job for job in waiting if all(need in results for need in job.needs)]
        if not ready:
            raise UsageError(f"{run.facts.path}:{waiting[0].line}: the job {waiting[0].id} needs one that is not there, or itself")
        for job in ready:
            waiting.remove(job)
            needs = {need: {"result": results[need], "outputs": outputs.get(need, {})} for need in job.needs}
            results[job.id], outputs[job.id] = _job(run, job, needs, wanted)
    return results


def _job(run: _Run, job: Job, needs: Mapping[str, Any], wanted: str) -> tuple[str, dict[str, str]]:
    """Rehearse every variation of a job; return its result and outputs."""
    facts = run.facts
    if wanted and job.id != wanted and not run.caller:
        return "success", {}
    ours = job.uses or any(_is_ours(step, run) for step in facts.of(job.id))
    where = f"{facts.path}:{job.line}"
    context = github_context(run.situation, run.event, workflow=_name(run.root), path=run.top, job=job.id)
    status = "failure" if any(each["result"] != "success" for each in needs.values()) else "success"
    scope = Scope(
        {"github": context, "inputs": dict(run.inputs), "needs": dict(needs), "vars": {}, "secrets": {}, "strategy": {}, "matrix": {}},
        status,
    )
    try:
        if not scope.condition(job.condition, "if"):
            if ours:
                run.found.skipped.append(f"{where}: the job {job.id}: {job.condition or 'a job that it needs failed'}")
            return "skipped", {}
        varied = _variations(run, job, scope)
    except UsageError as error:
        raise named_line(facts.path, job.line, error) from None
    results: list[str] = []
    outputs: dict[str, str] = {}
    for values in varied:
        inner = scope.having(matrix=values, strategy={"job-index": float(len(results)), "job-total": float(len(varied)), "fail-fast": True})
        if job.uses:
            results.append(_reused(run, job, inner))
        else:
            result, outputs = _Steps(run, job, inner).play()
            results.append(result)
    failed = "failure" in results and not is_true(scope.text(job.continues, "continue-on-error"))
    return "failure" if failed else "success", outputs


def _variations(run: _Run, job: Job, scope: Scope) -> list[dict[str, Any]]:
    node = find(run.root, "jobs", job.id, "strategy", "matrix")
    if node is None:
        return [{}]
    matrix = _filled(node.plain(), scope)
    if not isinstance(matrix, Mapping):
        return [{}]
    return combinations(matrix)


def _filled(value: Any, scope: Scope) -> Any:
    """Replace the expressions inside a matrix, by lists and objects too."""
    if isinstance(value, str):
        return scope.whole(value, "matrix")
    if isinstance(value, list):
        return [_filled(each, scope) for each in value]
    if isinstance(value, Mapping):
        return {key: _filled(each, scope) for key, each in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _reused(run: _Run, job: Job, scope: Scope) -> str:
    """Follow a reusable workflow of this repository."""
    facts = run.facts
    path = job.uses.removeprefix("./").removeprefix("$/")
    content = run.doors.read(path) if job.uses.startswith(("./", "$/")) else None
    if content is None or run.depth >= _MAX_CALLS:
        run.found.others.append(f"{facts.path}:{job.line}: the workflow {job.uses}")
        return "success"
    called = ci_file.github(content, path)
    root = parse_yaml(content, path)
    given = {name: scope.whole(value, f"with.{name}") for name, value in job.inputs.items()}
    declared = find(root, "on", "workflow_call", "inputs")
    defaults = {name: spec.get("default") for name, spec in declared.items()} if declared is not None else {}
    inputs = {name: (node.plain() if node is not None else "") for name, node in defaults.items()} | given
    inner = replace(run, facts=called, root=root, inputs=inputs, caller=job.id, depth=run.depth + 1)
    return "failure" if "failure" in _run(inner, "").values() else "success"


def _name(root: Node) -> str:
    found = root.get("name")
    return found.text if found is not None else ""


def _is_ours(step: Step, run: _Run) -> bool:
    if step.uses:
        return action_source(step.uses, run.doors.shells, run.doors.read) is not None
    found, unclear = calls(step.run, pipefail=False)
    return bool(found or unclear)


class _Steps:
    """The steps of one job, one after the other."""

    def __init__(self, run: _Run, job: Job, scope: Scope) -> None:
        self.run, self.job = run, job
        facts, situation = run.facts, run.situation
        self.permissions = job.permissions if job.permissions is not None else facts.permissions
        self.names = JobNames(
            "github",
            run.top,
            job.id,
            run.event,
            scope.text(job.environment, "environment"),
            f"{situation.repository}/{facts.path}@{github_ref(situation, run.event)}" if run.caller else "",
            "self-hosted" in job.runs_on,
            *self._identified(),
        )
        self.scope = scope.having(steps={}, job={"status": "success"}, runner=_runner(run.doors.stage.folder), env={})
        self.posts: list[tuple[Step, ActionRun]] = []
        self.hidden: list[str] = []
        self.paths: list[str] = []
        self.reached = True

    def _identified(self) -> tuple[bool, str]:
        if self.run.event == "fork":
            return False, "fork pull request: no job identity; skipped by design"
        level = self.permissions.get("id-token", "") if isinstance(self.permissions, Mapping) else self.permissions
        if level in ("write", "write-all"):
            return True, ""
        return False, "the job has no `permissions: id-token: write`, so the forge gives it no identity"

    def play(self) -> tuple[str, dict[str, str]]:
        """Go through the steps, then the post steps in reverse order; return the job's result and outputs."""
        self.run.doors.performer.enter(self.names)
        self._shared_environment()
        listed = find(self.run.root, "jobs", self.job.id, "steps")
        for step, node in zip(self.run.facts.of(self.job.id), listed.elements() if listed is not None else (), strict=True):
            try:
                self._step(step, node)
            except UsageError as error:
                raise named_line(self.run.facts.path, step.line, error) from None
        for step, ran in reversed(self.posts):
            entry = self._entry(step, f"post of {step.uses}", "revoke")
            run_post(ran, entry, self.scope, self.run.doors)
            self._settle(entry, step, entry.code == 0, outputs={})
        outputs = {name: self.scope.text(value, f"outputs.{name}") for name, value in self.job.outputs.items()}
        return self.scope.status, outputs

    def _enter(self, step: Step) -> None:
        """Remember that a step of somebody else may have made files; checking out and setting up makes none of them."""
        if not step.uses.startswith(("actions/checkout@", "actions/setup-")):
            self.names = replace(self.names, after_others=True)
            self.run.doors.performer.enter(self.names)

    def _shared_environment(self) -> None:
        """Evaluate the workflow's and the job's ``env``."""
        whole: dict[str, str] = {}
        for owner in (self.run.root, find(self.run.root, "jobs", self.job.id)):
            whole |= self._evaluated(find(owner, "env"), whole)
        self.scope = self.scope.having(env=whole)

    def _evaluated(self, node: Node | None, known: Mapping[str, str]) -> dict[str, str]:
        scope = self.scope.having(env=dict(known))
        return {key: scope.text(value, f"env.{key}") for key, value in texts_of(node, self.run.facts.path).items()}

    def _step(self, step: Step, node: Node) -> None:
        run = self.run
        source = action_source(step.uses, run.doors.shells, run.doors.read) if step.uses else None
        found, unclear = calls(step.run, pipefail=self._shell(step) == "bash") if step.run else ([], [])
        place = f"{run.facts.path}:{step.line}"
        if source is None and not found and not unclear:
            self._enter(step)
            run.found.others.append(f"{place}: {step.uses or _first_line(step.run)}")
            self._record(step, "success", "success", {})
            return
        run.found.unclear += [f"{place}: {line}" for line in unclear]
        if not self.scope.condition(step.condition, "if"):
            if not (self.scope.status == "failure" and not self.scope.asks_status(step.condition)):
                run.found.skipped.append(f"{place}: {step.name or step.uses or _first_line(step.run)}: if: {step.condition}")
                self._record(step, "skipped", "skipped", {})
                return
            calm = self.scope.with_status("success")
            if not calm.condition(step.condition, "if"):
                self._record(step, "skipped", "skipped", {})
                return
            self.reached = False  # rehearsed all the same: one run shows everything there is to mend
        known = self.scope.contexts["env"]
        scope = self.scope.having(env={**known, **self._evaluated(node.get("env"), known)})
        if source is not None:
            self._action(step, source, scope)
        else:
            self._script(step, found, scope)
        self.reached = True

    def _shell(self, step: Step) -> str:
        if step.shell:
            return step.shell.split()[0]
        for owner in (find(self.run.root, "jobs", self.job.id), self.run.root):
            node = find(owner, "defaults", "run", "shell")
            if node is not None:
                return node.text.split()[0]
        return ""

    def _entry(self, step: Step, label: str, verb: str) -> Rehearsed:
        counts = not is_true(self.scope.text(step.continues, "continue-on-error")) and not is_true(
            self.scope.text(self.job.continues, "continue-on-error")
        )
        return Rehearsed("github", self.run.facts.path, step.line, self.job.id, label, verb, counts=counts, reached=self.reached)

    def _action(self, step: Step, source: Source, scope: Scope) -> None:
        given = {name: scope.text(value, name) for name, value in step.inputs.items()}
        verb = source.verb or given.get("verb", "")  # the action at the root is told what to do
        entry = self._entry(step, step.uses, verb)
        environment = {**_variables(self.scope.contexts["github"], self.run.doors, self.names), **scope.contexts["env"]}
        if self.paths:
            environment["PATH"] = ":".join([*reversed(self.paths), self.run.doors.stage.folder + "/path"])
        ran = self._run_once(source, given, environment, entry, scope)
        if not ran.understood:
            self.run.found.unclear.append(f"{self.run.facts.path}:{step.line}: {ran.why}")
            return
        self.paths += ran.paths
        self.hidden += [value for value in ran.masks if value not in self.hidden]
        self.scope = self.scope.having(env={**self.scope.contexts["env"], **ran.exports})
        if ran.post and entry.verb == "inject":  # the others leave nothing behind
            self.posts.append((step, ran))
        self._settle(entry, step, entry.code == 0, ran.outputs)

    def _run_once(
        self, source: Source, given: Mapping[str, str], environment: Mapping[str, str], entry: Rehearsed, scope: Scope
    ) -> ActionRun:
        """Run an action; what only reads, and was asked the same before, answers the same."""
        ours = tuple(sorted((name, value) for name, value in environment.items() if name.startswith("PIPELINE_GUARD_")))
        key = (source.folder, tuple(sorted(given.items())), ours, self.run.event)
        kept = self.run.found.kept.get(key) if entry.verb in ("scan", "gate") else None
        if kept is not None:
            before: Rehearsed = kept[0]
            ran: ActionRun = kept[1]
            entry.code, entry.said, entry.summary, entry.settings = before.code, before.said, before.summary, before.settings
            return ran
        done = run_action(source, given, environment, entry, scope, self.run.doors)
        self.run.found.kept[key] = replace(entry, notes=[]), done
        return done

    def _script(self, step: Step, found: list[Any], scope: Scope) -> None:
        failed = False
        for call in found:
            missing: list[str] = []
            words = tuple(expand(scope.text(word, "run"), scope.contexts["env"], missing) for word in call.words)
            entry = self._entry(step, " ".join(words if words[0] != "run" else ("run", "--", "...")), words[0])
            entry.counts = entry.counts and call.counts
            if not call.counts:
                entry.notes.append("the script goes on whatever this command answers")
            entry.notes += [f"{name} has no value here and is {_NO_VALUE}" for name in dict.fromkeys(missing)]
            environment = {**_variables(self.scope.contexts["github"], self.run.doors, self.names), **scope.contexts["env"]}
            folder = scope.text(step.working_directory, "working-directory")
            answer_script_call(words, environment, folder, entry, self.run.doors)
            self._settle(entry, step, True, {})
            failed = failed or (entry.code != 0 and call.counts)
        self._record(step, "failure" if failed else "success", "failure" if failed and self._counted(step) else "success", {})
        if failed and self._counted(step) and self.reached:
            self.scope = self.scope.with_status("failure")

    def _counted(self, step: Step) -> bool:
        return not is_true(self.scope.text(step.continues, "continue-on-error"))

    def _settle(self, entry: Rehearsed, step: Step, good: bool, outputs: Mapping[str, str]) -> None:
        """Keep what a step did: the report, its place in ``steps``, and how the job stands now."""
        entry.notes += [*(self._explained(note) for note in self.scope.notes()), *self.run.doors.performer.notes()]
        entry.said = rendered(entry.said, self.hidden)
        entry.summary = rendered(entry.summary, self.hidden)
        self.run.found.steps.append(entry)
        if step.uses:
            counted = self._counted(step)
            self._record(step, "success" if good else "failure", "success" if good or not counted else "failure", dict(outputs))
            if not good and counted and self.reached:
                self.scope = self.scope.with_status("failure")

    def _explained(self, note: str) -> str:
        """Say of a secret whether this job would get it."""
        if "${{ secrets." not in note:
            return note
        if self.run.event == "fork":
            return f"{note}; nor on the forge: a fork's pull request gets no secrets"
        return f"{note}; on the forge the job gets it if the repository, its organisation or the environment has it"

    def _record(self, step: Step, outcome: str, conclusion: str, outputs: Mapping[str, str]) -> None:
        if step.id:
            steps = {**self.scope.contexts["steps"], step.id: {"outputs": dict(outputs), "outcome": outcome, "conclusion": conclusion}}
            self.scope = self.scope.having(steps=steps)


def answer_script_call(words: tuple[str, ...], environment: Mapping[str, str], folder: str, entry: Rehearsed, doors: RehearseDoors) -> None:
    """Have one call of a script answered; fill the entry."""
    inside = folder.removeprefix("./").strip("/") if folder not in ("", ".") else ""
    if folder.startswith("/") or ".." in inside.split("/"):
        entry.code = 6
        entry.notes.append(f"not checked: it runs in {folder}, outside the repository")
        return
    entry.settings = {name: value for name, value in environment.items() if name.startswith("PIPELINE_GUARD_") and value}
    answer = doors.performer.answer(Call(words, dict(environment), f"{doors.root}/{inside}" if inside else doors.root))
    entry.code = answer.code
    entry.said = (answer.out + answer.err).decode("utf-8", "replace")


def _variables(context: Mapping[str, Any], doors: RehearseDoors, job: JobNames) -> dict[str, str]:
    """Return the variables that the runner sets for every step."""
    document = doors.stage.place(f"event-{job.event or 'push'}.json", json.dumps(context["event"]).encode())
    names = (
        "actor", "actor_id", "api_url", "base_ref", "event_name", "graphql_url", "head_ref", "job", "ref", "ref_name", "ref_type",
        "repository", "repository_id", "repository_owner", "repository_owner_id", "run_attempt", "run_id", "run_number",
        "server_url", "sha",
        "triggering_actor", "workflow", "workflow_ref", "workflow_sha",
    )  # fmt: skip
    return {f"GITHUB_{name.upper()}": str(context[name]) for name in names} | {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": document,
        # the branch itself takes the place of the merge commit, which only the forge can make
        "GITHUB_REF": str(context["ref"]).replace("refs/pull/1/merge", "refs/pull/1/head"),
        "GITHUB_REF_PROTECTED": "false",
        "GITHUB_WORKSPACE": doors.root,
        "RUNNER_TEMP": f"{doors.stage.folder}/temp",
        "RUNNER_OS": "Linux",
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "self-hosted" if job.self_hosted else "github-hosted",
    }


def _runner(folder: str) -> dict[str, str]:
    return {"os": "Linux", "arch": "X64", "temp": f"{folder}/temp", "name": "rehearsal", "environment": "github-hosted", "debug": ""}


def _first_line(script: str) -> str:
    return next(iter(script.strip().splitlines()), "")[:80]
