# SPDX-License-Identifier: Apache-2.0
"""GitHub workflows and ``action.yml`` to facts (docs.github.com, workflow and metadata syntax); no expression is evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import Container, Job, Step, Trigger, Use, UseKind, WorkflowFacts
from pipeline_guard.gate.ci_node import Lines, find, images, line_of, list_of, mapping, step_nodes, text_of, texts_of
from pipeline_guard.model.document import Node, parse_yaml

_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")


def github(content: bytes, path: str) -> WorkflowFacts:
    """Read a workflow; raise UsageError with file and line for what GitHub would refuse."""
    root = mapping(parse_yaml(content, path), path, "a workflow")
    listed = root.get("jobs")
    if listed is None:
        raise UsageError(f"{path}:{root.line}: no jobs", "a workflow has a mapping called jobs")
    lines = Lines(content)
    steps: list[Step] = []
    uses: list[Use] = []
    pulled: list[Use] = []
    jobs: list[Job] = []
    shared = texts_of(root.get("env"), path)
    for name, node in mapping(listed, path, "jobs").items():
        mapping(node, path, f"the job {name}")
        job = _job(name, node, path)
        environment = shared | texts_of(node.get("env"), path)
        folder = _default(node, "working-directory") or _default(root, "working-directory")
        if job.uses:
            line = line_of(node, "uses")
            steps.append(
                Step(name, node.line, name, job.uses, inputs=job.inputs, environment=environment, condition=job.condition, lines=job.lines)
            )
            uses.append(Use(line, job.uses, use_kind(job.uses, "workflow"), lines.comment(line)))
        else:
            _read_steps(node, path, name, environment, folder, steps, uses, lines)
        for image in images(node, path, "container", "services", "image"):
            varied = _MATRIX.fullmatch(image.target)
            pulled += [Use(image.line, value, "image") for value in job.matrix.get(varied[1], ())] if varied else [image]
        jobs.append(job)
    triggers, permissions = _triggers(root, path), _permissions(root, path)
    called = find(root, "on", "workflow_call", "inputs")
    inputs = tuple(name for name, spec in called.items() if text_kind(spec)) if called is not None else ()
    return WorkflowFacts(
        path,
        tuple(trigger.name for trigger in triggers),
        "" if permissions is None else permissions,
        tuple(steps),
        tuple(uses),
        tuple(pulled),
        jobs=tuple(jobs),
        triggers=triggers,
        inputs=inputs,
        states_permissions=root.get("permissions") is not None,
        permissions_line=line_of(root, "permissions"),
    )


def action(content: bytes, path: str) -> WorkflowFacts:
    """Read an ``action.yml``: the steps of a composite action, the image of a Docker action."""
    root = mapping(parse_yaml(content, path), path, "an action")
    runs = root.get("runs")
    if runs is None:
        raise UsageError(f"{path}:{root.line}: no runs", "an action has a mapping called runs")
    mapping(runs, path, "runs")
    steps: list[Step] = []
    uses: list[Use] = []
    using = text_of(runs.get("using"), path)
    if using == "composite":
        _read_steps(runs, path, "", {}, "", steps, uses, Lines(content))
    elif using == "docker":
        target = text_of(runs.get("image"), path)
        uses.append(Use(line_of(runs, "image"), target, "image" if target.startswith("docker://") else "local"))
    named = root.get("inputs")
    inputs = tuple(named.value) if named is not None and isinstance(named.value, dict) else ()
    return WorkflowFacts(path, steps=tuple(steps), uses=tuple(uses), inputs=inputs, is_action=True)


def _job(name: str, node: Node, path: str) -> Job:
    secrets = node.get("secrets")
    environment = node.get("environment")
    if environment is not None and isinstance(environment.value, dict):
        environment = environment.get("name")
    runs_on = node.get("runs-on")
    matrix = find(node, "strategy", "matrix")
    varied: dict[str, tuple[str, ...]] = {}
    if matrix is not None:
        for key, child in matrix.items():
            varied[key] = list_of(child)
            if key == "include":
                for entry in child.elements():
                    for inner, value in entry.items():
                        varied[inner] = varied.get(inner, ()) + list_of(value)
    return Job(
        name,
        node.line,
        text_of(node.get("name"), path),
        text_of(node.get("if"), path),
        _permissions(node, path),
        list_of(runs_on.get("labels") if runs_on is not None and isinstance(runs_on.value, dict) else runs_on),
        list_of(node.get("needs")),
        text_of(node.get("continue-on-error"), path),
        text_of(node.get("uses"), path),
        texts_of(node.get("with"), path),
        texts_of(secrets, path) if secrets is not None and isinstance(secrets.value, dict) else text_of(secrets, path),
        text_of(environment, path),
        texts_of(node.get("outputs"), path),
        varied,
        dict(node.key_lines or {}),
        tuple(_containers(node, path)),
        _default(node, "shell"),
    )


def _containers(job: Node, path: str) -> Iterator[Container]:
    services = job.get("services")
    for node in (job.get("container"), *(child for _, child in services.items())) if services is not None else (job.get("container"),):
        if node is not None and isinstance(node.value, dict):
            password = find(node, "credentials", "password")
            line = line_of(node, "options") if node.get("options") is not None else node.line
            yield Container(line, text_of(node.get("options"), path), list_of(node.get("volumes")), text_of(password, path))


def _read_steps(
    owner: Node, path: str, job: str, environment: dict[str, str], folder: str, steps: list[Step], uses: list[Use], lines: Lines
) -> None:
    listed = owner.get("steps")
    if listed is None or not isinstance(listed.value, list):
        line = listed.line if listed else owner.line
        raise UsageError(f"{path}:{line}: steps must be a list", "write steps: and one entry, beginning with -, for each step")
    for node in step_nodes(listed):
        mapping(node, path, "a step")
        target = text_of(node.get("uses"), path)
        if target:
            line = line_of(node, "uses")
            uses.append(Use(line, target, use_kind(target, "action"), lines.comment(line)))
        inputs = node.get("with")
        script = inputs.get("script") if inputs is not None else None
        steps.append(
            Step(
                job=job,
                line=node.line,
                name=text_of(node.get("name"), path) or text_of(node.get("id"), path),
                uses=target,
                run=text_of(node.get("run"), path),
                inputs=texts_of(inputs, path),
                environment=environment | texts_of(node.get("env"), path),
                condition=text_of(node.get("if"), path),
                continues=text_of(node.get("continue-on-error"), path),
                working_directory=text_of(node.get("working-directory"), path) or folder,
                id=text_of(node.get("id"), path),
                run_line=lines.start(node.get("run") or script),
                shell=text_of(node.get("shell"), path),
                lines=dict(node.key_lines or {}) | (dict(inputs.key_lines or {}) if inputs is not None else {}),
            )
        )


def use_kind(target: str, otherwise: UseKind) -> UseKind:
    """Tell what a ``uses:`` names."""
    if target.startswith("docker://"):
        return "image"
    # `$/` is this repository at the running commit; `./` is whatever lies on disk
    if target.startswith(("./", "../", "$/", ".\\")) or target == ".":
        return "local"
    return otherwise


def _triggers(root: Node, path: str) -> tuple[Trigger, ...]:
    node = root.get("on")
    if node is None:
        return ()
    if isinstance(node.value, dict):
        return tuple(
            Trigger(name, line_of(node, name), {key: list_of(inner) for key, inner in child.items()}) for name, child in node.items()
        )
    if isinstance(node.value, list):
        return tuple(Trigger(text_of(child, path), child.line) for child in node.elements())
    return (Trigger(text_of(node, path), node.line),)


def _permissions(root: Node, path: str) -> str | dict[str, str] | None:
    node = root.get("permissions")
    if node is None:
        return None
    return texts_of(node, path) if isinstance(node.value, dict) else text_of(node, path)


def _default(node: Node, key: str) -> str:
    found = find(node, "defaults", "run", key)
    return found.text if found is not None and isinstance(found.value, str) else ""


def text_kind(spec: Node) -> bool:
    """Tell whether an input of a reusable workflow is free text: not a boolean, a number or a choice."""
    kind = spec.get("type")
    return kind is None or kind.text == "string"
