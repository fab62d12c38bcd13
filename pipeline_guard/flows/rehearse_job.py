# SPDX-License-Identifier: Apache-2.0
"""One job of a GitHub workflow, rehearsed step by step: our actions, calls in scripts, and composite actions of the repository.

Everybody else's steps are taken as done well, and listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.rehearse import Rehearsal, RehearseDoors, named_line
from pipeline_guard.flows.rehearse_action import ActionRun, run_action, run_post
from pipeline_guard.flows.rehearse_script import Script, answer_script_call, first_line, read_script, words_of
from pipeline_guard.gate import ci_file
from pipeline_guard.gate.ci_facts import Job, Step, WorkflowFacts
from pipeline_guard.gate.ci_node import find, step_nodes, text_of, texts_of
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames, Rehearsed
from pipeline_guard.rehearse.github_form import check_action
from pipeline_guard.rehearse.hidden import calls_us
from pipeline_guard.rehearse.job_log import rendered
from pipeline_guard.rehearse.ours import Source, action_source, local_action
from pipeline_guard.rehearse.scope import NOT_KNOWN, Scope, is_true
from pipeline_guard.rehearse.situation import github_ref

_MAX_DEPTH = 10  # composite actions in each other, as GitHub allows
_WINDOWS = "pipeline-guard: error: pipeline-guard does not run on Windows runners\n"
_EMPTY = "pipeline-guard: error: nothing was checked out: no step before this one brings the repository\n"
_BRINGS_NOTHING = ("actions/setup-", "actions/cache")
_FETCHES = re.compile(r"\b(?:git|gh|hub|curl|wget|tar|unzip|cp|rsync|svn|hg|aws|gsutil|az)\b")

Permissions = str | Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Run:
    """One workflow in one event; ``caller`` names the job that calls it, "" at the top.

    ``granted`` are the permissions of that job: what it calls gets no more. ``perhaps`` says what it depends on whether this runs
    at all, "" where that is sure; in ``soft`` nothing that fails is counted.
    """

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
    granted: Permissions = None
    perhaps: str = ""
    soft: bool = False


def concerns_us(step: Step, run: Run, depth: int = 0) -> bool:
    """Tell whether a step is ours, calls us, or is a composite action of the repository that does."""
    if not step.uses:
        return bool(read_script(step.run, run.doors, shell=step.shell, folder=step.working_directory))
    if action_source(step.uses, run.doors.shells, run.doors.read) is not None or image_of_ours(step.uses):
        return True
    found = local_action(step.uses, run.doors.read)
    if found is None or depth >= _MAX_DEPTH:
        return False
    path, content = found
    return any(concerns_us(inner, run, depth + 1) for inner in ci_file.action(content, path).steps) or bool(
        calls_us(path, content, run.doors.read)
    )


def image_of_ours(uses: str) -> bool:
    """Tell whether a step starts an image that is called like us."""
    return uses.startswith("docker://") and "pipeline-guard" in uses


class JobPlay:
    """The steps of one job, one after the other."""

    def __init__(self, run: Run, job: Job, scope: Scope, perhaps: str) -> None:
        self.run, self.job = run, job
        self.perhaps = perhaps
        facts, situation = run.facts, run.situation
        labels = [scope.text(label, "runs-on").lower() for label in job.runs_on]
        self.windows = any("windows" in label for label in labels)
        self.system = "Windows" if self.windows else "macOS" if any("macos" in label for label in labels) else "Linux"
        self.names = JobNames(
            "github",
            run.top,
            job.id,
            run.event,
            scope.text(job.environment, "environment"),
            f"{situation.repository}/{facts.path}@{github_ref(situation, run.event)}" if run.caller else "",
            "self-hosted" in labels,
            *self._identified(),
        )
        self.is_empty = "self-hosted" not in labels  # whose work tree may be an older run's
        self.scope = scope.having(steps={}, job={"status": "success"}, runner=self._runner(), env={})
        self.posts: list[tuple[Step, ActionRun]] = []
        self.hidden: list[str] = []
        self.paths: list[str] = []
        self.exports: dict[str, str] = {}
        self.reached = True
        self.guessed = False  # whether the step at hand was given a value that nobody here knows
        self._note_containers()

    def _note_containers(self) -> None:
        """Say which containers the forge would start; none is started here."""
        own = find(self.run.root, "jobs", self.job.id)
        services = own.get("services") if own is not None else None
        named = ["its container"] * (own is not None and own.get("container") is not None)
        named += (
            [f"the service {name}" for name, _ in services.items()] if services is not None and isinstance(services.value, dict) else []
        )
        if named:
            self.run.found.unstarted.append(f"{self.run.facts.path}:{self.job.line}: the job {self.job.id}: {', '.join(named)}")

    def _identified(self) -> tuple[bool, str]:
        if self.run.event == "fork":
            return False, "fork pull request: no job identity; skipped by design"
        own = self.job.permissions if self.job.permissions is not None else self.run.facts.permissions
        states = self.job.permissions is not None or self.run.facts.states_permissions
        granted = self.run.granted
        if _writes(own if states or granted is None else granted) and (granted is None or _writes(granted)):
            return True, ""
        if granted is not None and not _writes(granted):
            return False, "the job that calls this workflow has no `permissions: id-token: write`, so the forge gives it no identity"
        return False, "the job has no `permissions: id-token: write`, so the forge gives it no identity"

    def play(self) -> tuple[str, dict[str, str]]:
        """Go through the steps, then the post steps in reverse order; return the job's result and the outputs that are known."""
        self.run.doors.performer.enter(self.names)
        self._shared_environment()
        listed = find(self.run.root, "jobs", self.job.id, "steps")
        self._through(self.run.facts.of(self.job.id), listed)
        for step, ran in reversed(self.posts):
            entry = self._entry(step, f"post of {step.uses}", "revoke")
            run_post(ran, entry, self.scope, self.run.doors)
            self._settle(entry, step, entry.code == 0, outputs={})
        return self.scope.status, self._known_texts(self.job.outputs, "outputs", self.scope)

    def _through(self, steps: tuple[Step, ...], listed: Node | None) -> None:
        for step, node in zip(steps, step_nodes(listed), strict=True):
            before, self.guessed = self.perhaps, False
            try:
                self._step(step, node)
            except UsageError as error:
                raise named_line(self.run.facts.path, step.line, error) from None
            self.perhaps = before

    def _known_texts(self, texts: Mapping[str, str], what: str, scope: Scope) -> dict[str, str]:
        """Evaluate texts; one that depends on what nobody here knows is left out, so that it is not known either."""
        return {name: scope.text(value, f"{what}.{name}") for name, value in texts.items() if not scope.unknown(value)}

    def _enter(self, step: Step) -> None:
        """Remember that a step of somebody else may have made files; checking out and setting up makes none of them."""
        if _FETCHES.search(step.run) if step.run else not step.uses.startswith(_BRINGS_NOTHING):
            self.is_empty = False
        if not step.uses.startswith(("actions/checkout@", "actions/setup-")):
            self.names = replace(self.names, after_others=True)
            self.run.doors.performer.enter(self.names)
        elif step.uses.startswith("actions/checkout@"):
            self._checkout(step)

    def _checkout(self, step: Step) -> None:
        """Say where a checkout brings something else than what is here."""
        given = {name: value for name in ("repository", "ref") if (value := step.inputs.get(name, "")) and "github." not in value}
        if given and not step.inputs.get("path"):
            named = ", ".join(f"{name}: {value}" for name, value in given.items())
            self.run.found.assumed.append(f"{self._place(step)}: it checks out {named}; what is here took its place")

    def _place(self, step: Step) -> str:
        return f"{self.run.facts.path}:{step.line}"

    def _shared_environment(self) -> None:
        """Evaluate the workflow's and the job's ``env``."""
        whole: dict[str, str] = {}
        for owner in (self.run.root, find(self.run.root, "jobs", self.job.id)):
            whole |= self._evaluated(find(owner, "env"), whole)
        self.scope = self.scope.having(env=whole)

    def _evaluated(self, node: Node | None, known: Mapping[str, str]) -> dict[str, str]:
        texts = texts_of(node, self.run.facts.path)
        return self._known_texts(texts, "env", self.scope.having(env=dict(known)))

    def _step(self, step: Step, node: Node) -> None:
        run = self.run
        source = action_source(step.uses, run.doors.shells, run.doors.read) if step.uses else None
        script = read_script(step.run, run.doors, shell=self._shell(step), folder=step.working_directory) if step.run else None
        own = local_action(step.uses, run.doors.read) if source is None else None
        if source is None and not script and not concerns_us(step, run):
            if step.uses.startswith(("./", "$/")) and own is None:
                run.found.unseen.append(f"{self._place(step)}: {step.uses}: not in this repository")
            self._enter(step)
            run.found.others.append(f"{self._place(step)}: {step.uses or first_line(step.run)}")
            self._record(step, "success", "success", {})
            return
        if not self._starts(step):
            return
        known = self.scope.contexts["env"]
        scope = self.scope.having(env={**known, **self._evaluated(node.get("env"), known)})
        for name, value in texts_of(node.get("env"), run.facts.path).items():
            if name.startswith("PIPELINE_GUARD_"):
                self._doubt(step, f"env.{name}", value, scope)
        if source is not None:
            self._action(step, source, scope)
        elif own is not None:
            self._composite(step, *own, scope)
        elif script is not None:
            self._script(step, script, scope)
        else:
            self._unclear(step, f"{step.uses}: an image is not started here")
        self.reached = True

    def _starts(self, step: Step) -> bool:
        """Tell whether a step is rehearsed; note what is not sure about it."""
        if self.scope.condition(step.condition, "if"):
            return True
        unsure = self.scope.undecided(step.condition) if self.scope.status == "success" or self.scope.asks_status(step.condition) else ""
        if unsure:
            self.perhaps = self.perhaps or unsure
            return True
        if not (self.scope.status == "failure" and not self.scope.asks_status(step.condition)):
            self.run.found.skipped.append(f"{self._place(step)}: {step.name or step.uses or first_line(step.run)}: if: {step.condition}")
            self._record(step, "skipped", "skipped", {})
            return False
        calm = self.scope.with_status("success")
        if not calm.condition(step.condition, "if") and not calm.undecided(step.condition):
            self._record(step, "skipped", "skipped", {})
            return False
        self.reached = False  # rehearsed all the same: one run shows everything there is to mend
        return True

    def _doubt(self, step: Step, name: str, value: str, scope: Scope) -> None:
        """Note that one of our settings has a value that nobody here knows. A secret is none: settings hold references."""
        unknown = [path for path in scope.unknown(value) if not path.startswith("secrets.")]
        if unknown:
            self.guessed = True
            self._unclear(step, f"{name} depends on {', '.join(unknown)}, which only the forge knows")

    def _unclear(self, step: Step, what: str) -> None:
        """Note what nobody here can tell, where the pipeline's answer depends on it."""
        if self.reached and self._goes_by(step):
            self.run.found.unclear.append(f"{self._place(step)}: {what}")

    def _goes_by(self, step: Step) -> bool:
        soft = is_true(self.scope.text(step.continues, "continue-on-error")) or is_true(
            self.scope.text(self.job.continues, "continue-on-error")
        )
        return not soft and not self.run.soft

    def _shell(self, step: Step) -> str:
        if step.shell:
            return self.scope.text(step.shell, "shell")
        for owner in (find(self.run.root, "jobs", self.job.id), self.run.root):
            node = find(owner, "defaults", "run", "shell")
            if node is not None and not self.run.facts.is_action:
                return self.scope.text(node.text, "shell")
        return "pwsh" if self.windows else ""

    def _entry(self, step: Step, label: str, verb: str) -> Rehearsed:
        entry = Rehearsed(
            "github", self.run.facts.path, step.line, self.job.id, label, verb, counts=self._goes_by(step), reached=self.reached
        )
        if self.perhaps:
            entry.certain = False
            entry.notes.append(f"whether it runs depends on {self.perhaps}, which only the forge knows")
        if self.guessed:  # asked something else, it may answer something else
            entry.certain = False
        return entry

    def _action(self, step: Step, source: Source, scope: Scope) -> None:
        given = {name: scope.text(value, name) for name, value in step.inputs.items()}
        for name, value in step.inputs.items():
            self._doubt(step, name, value, scope)
        verb = source.verb or given.get("verb", "")  # the action at the root is told what to do
        entry = self._entry(step, step.uses, verb)
        if self.windows or (self.is_empty and verb in ("scan", "gate")):
            entry.code, entry.said = (ExitCode.USAGE, _WINDOWS) if self.windows else (ExitCode.NOTHING, _EMPTY)
            self._settle(entry, step, False, {"exit-code": str(int(entry.code))})
            return
        environment = self._environment(scope)
        if self.paths:
            environment["PATH"] = ":".join([*reversed(self.paths), self.run.doors.stage.folder + "/path"])
        ran = self._run_once(source, given, environment, entry, scope)
        if not ran.understood:
            self._unclear(step, ran.why)
            return
        self.paths += ran.paths
        self.hidden += [value for value in ran.masks if value not in self.hidden]
        self.exports |= ran.exports
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

    def _composite(self, step: Step, path: str, content: bytes, scope: Scope) -> None:
        """Go through the steps of a composite action of the repository as through the job's own."""
        facts, root = ci_file.action(content, path), parse_yaml(content, path)
        check_action(root, path)
        if not facts.steps or self.run.depth >= _MAX_DEPTH:
            self._unclear(step, f"{step.uses} calls pipeline-guard, and is not started here")
            return
        given = {name: value for name, value in step.inputs.items() if not scope.unknown(value)}
        inputs = {
            name: scope.text(text_of(spec.get("default"), path), name) for name, spec in (root.get("inputs") or Node({}, 0, 0)).items()
        }
        inputs = {name: value for name, value in inputs.items() if name not in step.inputs or name in given}
        inputs |= {name: scope.text(value, name) for name, value in given.items()}
        outer, run = self.scope, self.run
        self.run = replace(run, facts=facts, root=root, depth=run.depth + 1, soft=not self._goes_by(step))
        self.scope = scope.having(inputs=inputs, steps={}).with_status("success")
        reached = self.reached
        if reached:
            self._through(facts.steps, find(root, "runs", "steps"))
        failed = self.scope.status == "failure"
        outputs = {name: text_of(spec.get("value"), path) for name, spec in (root.get("outputs") or Node({}, 0, 0)).items()}
        known = self._known_texts(outputs, "outputs", self.scope)
        self.run, self.reached = run, reached
        self.scope = outer.having(env={**outer.contexts["env"], **self.exports})
        self._record(step, "failure" if failed else "success", "failure" if failed and self._goes_by(step) else "success", known)
        if failed and self._goes_by(step) and self.reached:
            self.scope = self.scope.with_status("failure")

    def _script(self, step: Step, script: Script, scope: Scope) -> None:
        if self.windows:
            self._unclear(step, "a script on Windows calls pipeline-guard")
            return
        text = scope.script(step.run, "run")
        script = read_script(text, self.run.doors, shell=self._shell(step), folder=step.working_directory)
        for line in script.unclear:
            self._unclear(step, line)
        environment = self._environment(scope)
        folder = scope.text(step.working_directory, "working-directory")
        failed = False
        for call in script.calls:
            entry = self._entry(step, "", call.words[0])
            words, missing = words_of(call, environment, entry)
            if missing:
                named = ", ".join(name if name != NOT_KNOWN else "a value that only the forge knows" for name in missing)
                entry.certain = False  # asked something else, it may answer something else
                self._unclear(step, f"{entry.label}: depends on {named}")
            if self.is_empty and words[0] in ("scan", "gate"):
                entry.code, entry.said = ExitCode.NOTHING, _EMPTY
            else:
                answer_script_call(
                    words, environment, "/".join(part for part in (folder.rstrip("/"), call.folder) if part), entry, self.run.doors
                )
            self._settle(entry, step, True, {})
            failed = failed or (entry.code != 0 and call.counts and entry.certain)
        self._record(step, "failure" if failed else "success", "failure" if failed and self._goes_by(step) else "success", {})
        if failed and self._goes_by(step) and self.reached:
            self.scope = self.scope.with_status("failure")

    def _settle(self, entry: Rehearsed, step: Step, good: bool, outputs: Mapping[str, str]) -> None:
        """Keep what a step did: the report, its place in ``steps``, and how the job stands now."""
        entry.notes += [*(self._explained(note) for note in self.scope.notes()), *self.run.doors.performer.notes()]
        entry.said = rendered(entry.said, self.hidden)
        entry.summary = rendered(entry.summary, self.hidden)
        self.run.found.steps.append(entry)
        if step.uses:
            counted = self._goes_by(step)
            self._record(step, "success" if good else "failure", "success" if good or not counted else "failure", dict(outputs))
            if not good and counted and self.reached and entry.certain:
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

    def _runner(self) -> dict[str, str]:
        folder = self.run.doors.stage.folder
        return {
            "os": self.system,
            "arch": "X64",
            "temp": f"{folder}/temp",
            "name": "rehearsal",
            "environment": "github-hosted",
            "debug": "",
        }

    def _environment(self, scope: Scope) -> dict[str, str]:
        """Return what a step finds in its environment: the runner's variables, below the workflow's, the job's and its own."""
        return {**_variables(scope.contexts["github"], self.run.doors, self.names, self.system), **scope.contexts["env"]}


def _writes(permissions: Permissions) -> bool:
    level = permissions.get("id-token", "") if isinstance(permissions, Mapping) else permissions
    return level in ("write", "write-all")


def _variables(context: Mapping[str, Any], doors: RehearseDoors, job: JobNames, system: str) -> dict[str, str]:
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
        "RUNNER_OS": system,
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "self-hosted" if job.self_hosted else "github-hosted",
    }
