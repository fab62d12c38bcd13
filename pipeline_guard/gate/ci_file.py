# SPDX-License-Identifier: Apache-2.0
"""Pipeline files to facts, positions kept, nothing executed and no expression evaluated.

Reads GitHub workflows and ``action.yml`` (docs.github.com, workflow and metadata syntax) and GitLab CI files
(docs.gitlab.com, CI/CD YAML syntax). Every function raises UsageError with file and line for a text that the
forge itself would refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import GitlabFacts, Include, Script, Step, Use, UseKind, WorkflowFacts
from pipeline_guard.model.document import Node, parse_yaml, parse_yaml_documents

# Top-level keys of a GitLab file that are no jobs.
_GLOBAL = frozenset(
    ("after_script", "before_script", "cache", "default", "image", "include", "services", "spec", "stages", "variables", "workflow")
)
_MAX_VISITS = 50_000  # of one job's script entries, references followed
_SCRIPTS = ("before_script", "script", "after_script")
# YAML 1.2 core numbers: what GitHub takes for one; PyYAML's 1.1 knows more (1_000, yes, 1:30).
_NUMBER = re.compile(r"[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?")


def github(content: bytes, path: str) -> WorkflowFacts:
    """Read a workflow."""
    root = _mapping(parse_yaml(content, path), path, "a workflow")
    jobs = root.get("jobs")
    if jobs is None:
        raise UsageError(f"{path}:{root.line}: no jobs", "a workflow has a mapping called jobs")
    steps: list[Step] = []
    uses: list[Use] = []
    images: list[Use] = []
    shared = _texts(root.get("env"), path)
    for name, job in _mapping(jobs, path, "jobs").items():
        _mapping(job, path, f"the job {name}")
        environment = shared | _texts(job.get("env"), path)
        folder = _default_folder(job) or _default_folder(root)
        called = job.get("uses")
        if called is not None:
            target = _text(called, path)
            inputs = _texts(job.get("with"), path)
            steps.append(Step(name, job.line, name, target, inputs=inputs, environment=environment, condition=_text(job.get("if"), path)))
            uses.append(Use(_line(job, "uses"), target, _use_kind(target, "workflow")))
        else:
            _read_steps(job, path, name, environment, folder, steps, uses)
        images += _images(job, path, "container", "services", "image")
    return WorkflowFacts(path, _events(root, path), _permissions(root, path), tuple(steps), tuple(uses), tuple(images))


def action(content: bytes, path: str) -> WorkflowFacts:
    """Read an ``action.yml``: the steps of a composite action, the image of a Docker action."""
    root = _mapping(parse_yaml(content, path), path, "an action")
    runs = root.get("runs")
    if runs is None:
        raise UsageError(f"{path}:{root.line}: no runs", "an action has a mapping called runs")
    _mapping(runs, path, "runs")
    steps: list[Step] = []
    uses: list[Use] = []
    using = _text(runs.get("using"), path)
    if using == "composite":
        _read_steps(runs, path, "", {}, "", steps, uses)
    elif using == "docker":
        target = _text(runs.get("image"), path)
        uses.append(Use(_line(runs, "image"), target, "image" if target.startswith("docker://") else "local"))
    return WorkflowFacts(path, steps=tuple(steps), uses=tuple(uses))


def gitlab(content: bytes, path: str) -> GitlabFacts:
    """Read a GitLab CI file, with or without a ``spec:`` header."""
    documents = parse_yaml_documents(content, path)
    if len(documents) > 1 and documents[0].get("spec") is not None:
        documents = documents[1:]
    if len(documents) > 1:
        raise UsageError(f"{path}:{documents[1].line}: more than one YAML document", "only a spec: header may come before ---")
    if not documents or documents[0].value is None:
        return GitlabFacts(path)
    root = _mapping(documents[0], path, "a CI file")
    variables = _texts(root.get("variables"), path)
    includes = list(_includes(root.get("include"), path))
    images = _images(root, path, "image", "services", "name")
    scripts = list(_scripts(root, root, path, "", variables))
    for name, job in root.items():
        if not isinstance(job.value, dict) or (name in _GLOBAL and name != "default"):
            continue
        owner = "" if name == "default" else name
        images += _images(job, path, "image", "services", "name")
        scripts += _scripts(job, root, path, owner, variables | _texts(job.get("variables"), path))
        trigger = job.get("trigger")
        if trigger is not None:
            includes += _includes(trigger.get("include"), path)
    return GitlabFacts(path, tuple(includes), tuple(images), tuple(scripts))


# --- GitHub


def _read_steps(owner: Node, path: str, job: str, environment: dict[str, str], folder: str, steps: list[Step], uses: list[Use]) -> None:
    listed = owner.get("steps")
    if listed is None or not isinstance(listed.value, list):
        line = listed.line if listed else owner.line
        raise UsageError(f"{path}:{line}: steps must be a list", "write steps: and one entry, beginning with -, for each step")
    for node in listed.elements():
        _mapping(node, path, "a step")
        target = _text(node.get("uses"), path)
        if target:
            uses.append(Use(_line(node, "uses"), target, _use_kind(target, "action")))
        steps.append(
            Step(
                job=job,
                line=node.line,
                name=_text(node.get("name"), path) or _text(node.get("id"), path),
                uses=target,
                run=_text(node.get("run"), path),
                inputs=_texts(node.get("with"), path),
                environment=environment | _texts(node.get("env"), path),
                condition=_text(node.get("if"), path),
                continues=_text(node.get("continue-on-error"), path),
                working_directory=_text(node.get("working-directory"), path) or folder,
            )
        )


def _use_kind(target: str, otherwise: UseKind) -> UseKind:
    if target.startswith("docker://"):
        return "image"
    # `$/` is this repository at the running commit; `./` is whatever lies on disk
    if target.startswith(("./", "../", "$/", ".\\")) or target == ".":
        return "local"
    return otherwise


def _events(root: Node, path: str) -> tuple[str, ...]:
    node = root.get("on")
    if node is None:
        return ()
    if isinstance(node.value, dict):
        return tuple(node.value)
    if isinstance(node.value, list):
        return tuple(_text(child, path) for child in node.elements())
    return (_text(node, path),)


def _permissions(root: Node, path: str) -> str | dict[str, str]:
    node = root.get("permissions")
    if node is not None and isinstance(node.value, dict):
        return _texts(node, path)
    return _text(node, path)


def _default_folder(node: Node) -> str:
    found = node.at(["defaults", "run", "working-directory"])
    return found.text if isinstance(found.value, str) and node.at(["defaults", "run"]).get("working-directory") is found else ""


# --- GitLab


def _includes(node: Node | None, path: str) -> Iterator[Include]:
    if node is None or node.value is None:
        return
    if isinstance(node.value, list):
        for child in node.elements():
            yield from _includes(child, path)
    elif isinstance(node.value, dict):
        yield from _include(node, path)
    else:
        target = _text(node, path)
        yield Include(node.line, "remote" if re.match(r"https?://", target, re.IGNORECASE) else "local", target)


def _include(node: Node, path: str) -> Iterator[Include]:
    inputs, line = _texts(node.get("inputs"), path), node.line
    if node.get("project") is not None:
        files = node.get("file")
        several = files.value if files is not None and isinstance(files.value, list) else [files]
        for file in several:
            yield Include(line, "project", _text(node.get("project"), path), _text(node.get("ref"), path), _text(file, path), inputs)
        return
    for kind in ("local", "remote", "template", "component", "artifact"):
        if node.get(kind) is not None:
            target = _text(node.get(kind), path)
            yield Include(line, kind, target, inputs=inputs, integrity=_text(node.get("integrity"), path))
            return
    raise UsageError(f"{path}:{line}: an include of no known kind", "use one of local, project, remote, template, component")


def _scripts(owner: Node, root: Node, path: str, job: str, environment: dict[str, str]) -> Iterator[Script]:
    visits = iter(range(_MAX_VISITS))
    for key in _SCRIPTS:
        for node in _lines(owner.get(key), root, path, 0, visits):
            yield Script(job, node.line, _text(node, path), environment)


def _lines(node: Node | None, root: Node, path: str, depth: int, visits: Iterator[int]) -> Iterator[Node]:
    """Give the entries of a script: lists nest (to ten levels), and ``!reference [job, key]`` stands for another one's."""
    if node is None or node.value is None or depth > 10:
        return
    if next(visits, None) is None:  # references to references grow exponentially
        raise UsageError(f"{path}:{node.line}: the references of this script have no end", "refer to each script once")
    if not isinstance(node.value, list):
        yield node
        return
    keys = [child.value for child in node.elements()]
    if len(keys) > 1 and all(isinstance(key, str) for key in keys):
        found: Node | None = root
        for key in keys:
            found = found.get(key) if found else None
        if found is not None:  # NOTE: the tag itself is gone by now; no real script lists a job's name and a key of it
            yield from _lines(found, root, path, depth + 1, visits)
            return
    for child in node.elements():
        yield from _lines(child, root, path, depth + 1, visits)


# --- both


def _images(owner: Node, path: str, own: str, services: str, key: str) -> list[Use]:
    """Return the images a job names: its own, and its services' (a list, or a mapping of names to services)."""
    listed = owner.get(services)
    nodes = [owner.get(own)]
    if listed is not None and isinstance(listed.value, dict):
        nodes += listed.value.values()
    elif listed is not None:
        nodes += listed.elements()
    found = []
    for node in nodes:
        named = node.get(key) if node is not None and isinstance(node.value, dict) else node
        target = _text(named, path)
        if named is not None and target:
            found.append(Use(named.line, target, "image"))
    return found


def _line(node: Node, key: str) -> int:
    return (node.key_lines or {}).get(key, node.line)


def _mapping(node: Node, path: str, what: str) -> Node:
    if not isinstance(node.value, dict):
        raise UsageError(f"{path}:{node.line}: {what} must be a mapping", "write it as name: value pairs")
    return node


def _text(node: Node | None, path: str) -> str:
    """Return a scalar as a step would see it: null is "", numbers and booleans in their canonical form."""
    if node is None or node.value is None:
        return ""
    if isinstance(node.value, (dict, list)):
        raise UsageError(f"{path}:{node.line}: a text is expected here", "quote it, or move it where it belongs")
    if isinstance(node.value, bool):
        return node.text.lower() if node.text.lower() in ("true", "false") else node.text
    if isinstance(node.value, (int, float)) and _NUMBER.fullmatch(node.text):
        return str(node.value) if isinstance(node.value, int) else format(node.value, ".15g")
    return node.text


def _texts(node: Node | None, path: str) -> dict[str, str]:
    """Return a mapping of names to texts; an expression in its place, or nothing, gives none."""
    if node is None or node.value is None or isinstance(node.value, str):
        return {}
    found = {}
    for key, child in _mapping(node, path, "this").items():
        if isinstance(child.value, dict) and "value" in child.value:  # GitLab: a variable with its description
            found[key] = _text(child.get("value"), path)
        elif isinstance(child.value, (dict, list)):
            found[key] = json.dumps(child.plain(), ensure_ascii=False)
        else:
            found[key] = _text(child, path)
    return found
