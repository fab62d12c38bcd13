# SPDX-License-Identifier: Apache-2.0
"""One of our actions, run through its own ``action.yml``: composite steps in bash, node24 with main and post, in the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import RehearseDoors
from pipeline_guard.gate.ci_node import find, text_of, texts_of
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.model.staged import Rehearsed, Staged
from pipeline_guard.rehearse.job_log import masks, variables
from pipeline_guard.rehearse.ours import Source, action_source
from pipeline_guard.rehearse.scope import Scope, is_true

_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")
_BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
_MAX_DEPTH = 4
_SUMMARY_LIMIT = 1024 * 1024  # bytes; the forge drops a larger one


@dataclass(slots=True)
class ActionRun:
    """What an action left behind: outputs, variables and folders for later steps, masks, and what its post step needs."""

    source: Source
    inputs: Mapping[str, str]
    environment: Mapping[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)
    post: str = ""
    post_condition: str = "always()"
    why: str = ""

    @property
    def understood(self) -> bool:
        """Whether the action could be run at all."""
        return not self.why


def run_action(
    source: Source,
    given: Mapping[str, str],
    environment: Mapping[str, str],
    entry: Rehearsed,
    scope: Scope,
    doors: RehearseDoors,
    depth: int = 0,
) -> ActionRun:
    """Run an action to its end; its report goes into ``entry``."""
    if source.why_not:
        return ActionRun(source, {}, environment, why=source.why_not)
    name = f"{source.folder or '.'}/action.yml"
    root = parse_yaml(source.content, name)
    inputs = _inputs(root, given, entry, scope, name)
    ran = ActionRun(source, inputs, environment)
    using = text_of(find(root, "runs", "using"), name)
    if using == "composite":
        _composite(root, ran, entry, scope, doors, name, depth)
    elif using.startswith("node"):
        ran.post = text_of(find(root, "runs", "post"), name)
        ran.post_condition = text_of(find(root, "runs", "post-if"), name) or "always()"
        _node(text_of(find(root, "runs", "main"), name), ran, entry, doors)
    else:
        ran.why = f"{name}: runs.using {using} is not rehearsed"
    entry.masks += len(ran.masks)
    return ran


def run_post(ran: ActionRun, entry: Rehearsed, scope: Scope, doors: RehearseDoors) -> None:
    """Run the post step of a node action, whatever happened before, as its condition says."""
    if not scope.condition(ran.post_condition, "post-if"):
        entry.notes.append(f"not run: post-if: {ran.post_condition}")
        return
    _node(ran.post, ran, entry, doors)


def _inputs(root: Node, given: Mapping[str, str], entry: Rehearsed, scope: Scope, name: str) -> dict[str, str]:
    """Return every declared input: what was given, else its default."""
    declared = root.get("inputs")
    found = {}
    for key, spec in declared.items() if declared is not None else ():
        lowered = {given_name.lower(): value for given_name, value in given.items()}
        default = text_of(spec.get("default"), name)
        found[key] = lowered[key.lower()] if key.lower() in lowered else scope.text(default, f"the default of {key}")
    known = {key.lower() for key in found}
    entry.notes += [f"{key} is no input of this action: the forge only warns" for key in given if key.lower() not in known]
    return found


def _composite(root: Node, ran: ActionRun, entry: Rehearsed, scope: Scope, doors: RehearseDoors, name: str, depth: int) -> None:
    inner = scope.inside_ours().having(inputs=dict(ran.inputs), steps={}, needs={}, vars={}, secrets={}).with_status("success")
    steps: dict[str, Any] = {}
    environment = dict(ran.environment)
    listed = find(root, "runs", "steps")
    for node in listed.elements() if listed is not None else ():
        place, label = f"{name}:{node.line}", text_of(node.get("id"), name)
        if not inner.condition(text_of(node.get("if"), name), place):
            steps[label] = {"outputs": {}, "outcome": "skipped", "conclusion": "skipped"}
            inner = inner.having(steps=dict(steps))
            continue
        own = {key: inner.text(value, key) for key, value in texts_of(node.get("env"), name).items()}
        code, outputs = _inner_step(node, {**environment, **own}, ran, entry, inner, doors, name, depth)
        forgiven = is_true(inner.text(text_of(node.get("continue-on-error"), name), place))
        steps[label] = {
            "outputs": outputs,
            "outcome": "success" if code == 0 else "failure",
            "conclusion": "success" if code == 0 or forgiven else "failure",
        }
        environment |= ran.exports
        if code and not forgiven:
            entry.code = entry.code or code
            inner = inner.with_status("failure")
        inner = inner.having(steps=dict(steps))
    for key, spec in (root.get("outputs") or Node({}, 0, 0)).items():
        ran.outputs[key] = inner.text(text_of(spec.get("value"), name), f"outputs.{key}")


def _inner_step(
    node: Node, environment: Mapping[str, str], ran: ActionRun, entry: Rehearsed, scope: Scope, doors: RehearseDoors, name: str, depth: int
) -> tuple[int, dict[str, str]]:
    """Run one step of a composite action: a script, or another action of ours."""
    uses = text_of(node.get("uses"), name)
    if uses:
        nested = action_source(uses, doors.shells, doors.shells.read)  # `$/` and `./` are this project there
        if nested is None or depth >= _MAX_DEPTH:
            entry.notes.append(f"{uses}: an action of somebody else inside this one: not run")
            return 0, {}
        given = {key: scope.text(value, key) for key, value in texts_of(node.get("with"), name).items()}
        deeper = Rehearsed(entry.forge, entry.path, entry.line, entry.job, uses, nested.verb)
        done = run_action(nested, given, environment, deeper, scope, doors, depth + 1)
        entry.said += deeper.said
        entry.summary += deeper.summary
        entry.settings = deeper.settings or entry.settings
        ran.exports |= done.exports
        ran.paths += done.paths
        ran.masks += done.masks
        ran.why = ran.why or done.why
        return deeper.code, done.outputs
    own = {**environment, "GITHUB_ACTION_PATH": f"{doors.stage.folder}/guard/{ran.source.folder}".rstrip("/")}
    script = scope.text(text_of(node.get("run"), name), "run")
    shell = text_of(node.get("shell"), name).split(" ")[0]
    if shell != "bash":
        raise UsageError(f"{name}:{node.line}: only bash is rehearsed, not {shell or 'a step without a shell'}")
    ended = _execute((*_BASH, script), own, ran, entry, doors)
    return ended.code, variables(ended.files["GITHUB_OUTPUT"], "GITHUB_OUTPUT")


def _node(script: str, ran: ActionRun, entry: Rehearsed, doors: RehearseDoors) -> None:
    """Run a file of a node action; without node its launcher's one act is done instead."""
    state = {f"STATE_{key}": value for key, value in ran.state.items()}
    environment = {**ran.environment, **state}
    here = f"{doors.stage.folder}/guard/{ran.source.folder}"
    if doors.stage.has("node"):
        environment |= {f"INPUT_{key.upper().replace(' ', '_')}": value for key, value in ran.inputs.items()}
        done = _execute(("node", f"{here}/{script}"), environment, ran, entry, doors)
    else:
        entry.notes.append("no node here: what the launcher starts was run without it")
        environment |= {"PIPELINE_GUARD_" + key.upper().replace("-", "_"): value for key, value in ran.inputs.items()} | {"HSM": "true"}
        verb = ran.inputs.get("verb") or ran.source.verb
        if script == ran.post:
            if verb != "inject":  # only it leaves anything behind
                return
            verb = "revoke"
        done = _execute(("bash", f"{doors.stage.folder}/guard/actions/_setup/run.sh", verb), environment, ran, entry, doors)
    entry.code = done.code
    ran.outputs |= variables(done.files["GITHUB_OUTPUT"], "GITHUB_OUTPUT")
    ran.state |= variables(done.files["GITHUB_STATE"], "GITHUB_STATE")


def _execute(words: tuple[str, ...], environment: Mapping[str, str], ran: ActionRun, entry: Rehearsed, doors: RehearseDoors) -> Staged:
    done = doors.stage.execute(words, environment, _FILES)
    entry.settings = {key: value for key, value in environment.items() if key.startswith("PIPELINE_GUARD_") and value} or entry.settings
    entry.said += done.said
    ran.masks += masks(done.said)
    ran.exports |= variables(done.files["GITHUB_ENV"], "GITHUB_ENV")
    ran.paths += done.files["GITHUB_PATH"].decode("utf-8", "replace").split()
    summary = done.files["GITHUB_STEP_SUMMARY"]
    if len(summary) > _SUMMARY_LIMIT:
        entry.notes.append(f"the job summary has {len(summary)} bytes: the forge drops it, over {_SUMMARY_LIMIT}")
    entry.summary += summary.decode("utf-8", "replace")
    return done
