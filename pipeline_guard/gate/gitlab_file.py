# SPDX-License-Identifier: Apache-2.0
"""GitLab CI files to facts (docs.gitlab.com, CI/CD YAML syntax): ``extends`` and ``!reference`` resolved within the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import GitlabFacts, GitlabJob, GitlabRule, Include, Script
from pipeline_guard.gate.ci_node import find, images, list_of, mapping, text_of, texts_of
from pipeline_guard.model.document import Node, parse_yaml_documents

# Top-level keys of a GitLab file that are no jobs.
_GLOBAL = frozenset(
    ("after_script", "before_script", "cache", "default", "image", "include", "services", "spec", "stages", "variables", "workflow")
)
_MAX_VISITS = 50_000  # of one job's script entries, references followed
_MAX_EXTENDS = 11  # levels, as GitLab allows
_NOTHING = Node({}, 0, 0)
_SCRIPTS = ("before_script", "script", "after_script")


def gitlab(content: bytes, path: str) -> GitlabFacts:
    """Read a GitLab CI file, with or without a ``spec:`` header; raise UsageError with file and line for what GitLab would refuse."""
    documents = parse_yaml_documents(content, path)
    inputs: tuple[str, ...] = ()
    if len(documents) > 1 and documents[0].get("spec") is not None:
        inputs = _free_inputs(documents[0])
        documents = documents[1:]
    if len(documents) > 1:
        raise UsageError(f"{path}:{documents[1].line}: more than one YAML document", "only a spec: header may come before ---")
    if not documents or documents[0].value is None:
        return GitlabFacts(path)
    root = mapping(documents[0], path, "a CI file")
    variables = texts_of(root.get("variables"), path)
    includes = list(_includes(root.get("include"), path))
    pulled = images(root, path, "image", "services", "name")
    scripts = list(_scripts(root, root, path, "", variables))
    jobs: list[GitlabJob] = []
    for name, job in root.items():
        if not isinstance(job.value, dict) or (name in _GLOBAL and name != "default"):
            continue
        owner = "" if name == "default" else name
        pulled += images(job, path, "image", "services", "name")
        scripts += _scripts(job, root, path, owner, variables | texts_of(job.get("variables"), path))
        trigger = job.get("trigger")
        if trigger is not None:
            includes += _includes(trigger.get("include"), path)
        for node in (job.get("run") or _NOTHING).elements():
            step = _step(node, path)
            if step is not None:
                includes.append(step)
            written = node.get("script")
            if written is not None:
                scripts.append(Script(owner, written.line, text_of(written, path), variables | texts_of(job.get("variables"), path)))
        jobs.append(_job(name, _extended(job, root, 0), root, path))
    listed = root.get("variables")
    return GitlabFacts(
        path,
        tuple(includes),
        tuple(pulled),
        tuple(scripts),
        tuple(jobs),
        variables,
        dict((listed.key_lines if listed else None) or {}),
        _rules(find(root, "workflow", "rules"), root),
        inputs,
        root.get("before_script") is not None or find(root, "default", "before_script") is not None,
    )


def _free_inputs(header: Node) -> tuple[str, ...]:
    """Return the inputs that may hold any text: strings without ``options`` and ``regex``."""
    found = []
    listed = find(header, "spec", "inputs")
    for name, spec in listed.items() if listed is not None else ():
        kind = spec.get("type")
        if (kind is None or kind.value == "string") and spec.get("options") is None and spec.get("regex") is None:
            found.append(name)
    return tuple(found)


def _includes(node: Node | None, path: str) -> Iterator[Include]:
    if node is None or node.value is None:
        return
    if isinstance(node.value, list):
        for child in node.elements():
            yield from _includes(child, path)
    elif isinstance(node.value, dict):
        yield from _include(node, path)
    else:
        target = text_of(node, path)
        yield Include(node.line, "remote" if re.match(r"https?://", target, re.IGNORECASE) else "local", target)


def _include(node: Node, path: str) -> Iterator[Include]:
    inputs, line = texts_of(node.get("inputs"), path), node.line
    if node.get("project") is not None:
        files = node.get("file")
        several = files.value if files is not None and isinstance(files.value, list) else [files]
        for file in several:
            yield Include(line, "project", text_of(node.get("project"), path), text_of(node.get("ref"), path), text_of(file, path), inputs)
        return
    for kind in ("local", "remote", "template", "component", "artifact"):
        if node.get(kind) is not None:
            target = text_of(node.get(kind), path)
            yield Include(line, kind, target, inputs=inputs, integrity=text_of(node.get("integrity"), path))
            return
    raise UsageError(f"{path}:{line}: an include of no known kind", "use one of local, project, remote, template, component")


def _step(node: Node, path: str) -> Include | None:
    """Return what an entry of ``run`` takes from elsewhere: a step of another repository, or a GitHub action."""
    if node.get("action") is not None:
        return Include(node.line, "action", text_of(node.get("action"), path))
    step = node.get("step")
    if step is None:
        return None
    if isinstance(step.value, dict):
        repository = find(step, "git")
        if repository is None or not isinstance(repository.value, dict):
            return None
        address, revision = text_of(repository.get("url"), path), text_of(repository.get("rev"), path)
        return Include(node.line, "step", f"{address}@{revision}")
    target = text_of(step, path)
    return None if target.startswith(("./", "../", "/")) else Include(node.line, "step", target)


def _scripts(owner: Node, root: Node, path: str, job: str, environment: dict[str, str]) -> Iterator[Script]:
    visits = iter(range(_MAX_VISITS))
    for written in [*(owner.get(key) for key in _SCRIPTS), find(owner, "hooks", "pre_get_sources_script")]:
        for node in _lines(written, root, path, 0, visits):
            yield Script(job, node.line, text_of(node, path), environment)


def _lines(node: Node | None, root: Node, path: str, depth: int, visits: Iterator[int]) -> Iterator[Node]:
    """Give the entries of a script: lists nest (to ten levels), and ``!reference [job, key]`` stands for another one's."""
    if node is None or node.value is None or depth > 10:
        return
    if next(visits, None) is None:  # references to references grow exponentially
        raise UsageError(f"{path}:{node.line}: the references of this script have no end", "refer to each script once")
    if not isinstance(node.value, list):
        yield node
        return
    referred = _referred(node, root)
    if referred is not None:
        yield from _lines(referred, root, path, depth + 1, visits)
        return
    for child in node.elements():
        yield from _lines(child, root, path, depth + 1, visits)


def _referred(node: Node, root: Node) -> Node | None:
    """Return what ``!reference [job, key]`` stands for, None for any other list.

    NOTE: the tag itself is gone by now; no real list holds a job's name and then a key of it.
    """
    keys = [child.value for child in node.elements()]
    if len(keys) < 2 or not all(isinstance(key, str) for key in keys):
        return None
    found: Node | None = root
    for key in keys:
        found = found.get(key) if found else None
    return found


def _extended(job: Node, root: Node, depth: int) -> Node:
    """Return a job over what it extends, key by key; variables are merged, everything else is replaced."""
    if depth >= _MAX_EXTENDS:
        return job
    merged: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for name in list_of(job.get("extends")):
        parent = root.get(name)
        if parent is not None and isinstance(parent.value, dict):
            parent = _extended(parent, root, depth + 1)
            _overlay(merged, lines, parent)
    if not merged:
        return job
    _overlay(merged, lines, job)
    return Node(merged, job.line, job.column, key_lines=lines)


def _overlay(merged: dict[str, Node], lines: dict[str, int], job: Node) -> None:
    for key, child in job.items():
        before = merged.get(key)
        if key == "variables" and before is not None and isinstance(before.value, dict) and isinstance(child.value, dict):
            child = Node({**before.value, **child.value}, child.line, child.column, key_lines=child.key_lines)
        merged[key] = child
    lines.update(job.key_lines or {})


def _rules(node: Node | None, root: Node, depth: int = 0) -> tuple[GitlabRule, ...]:
    if node is None or not isinstance(node.value, list) or depth > 10:
        return ()
    referred = _referred(node, root)
    if referred is not None:
        return _rules(referred, root, depth + 1)
    found: list[GitlabRule] = []
    for child in node.elements():
        if isinstance(child.value, list):
            found += _rules(child, root, depth + 1)
        elif isinstance(child.value, dict):
            condition, when = child.get("if"), child.get("when")
            found.append(
                GitlabRule(
                    child.line,
                    condition.text if condition is not None else "",
                    child.get("changes") is not None or child.get("exists") is not None,
                    when.text if when is not None else "",
                    _allowed(child.get("allow_failure")),
                )
            )
        if len(found) > 1000:
            break
    return tuple(found)


def _allowed(node: Node | None) -> str:
    if node is None:
        return ""
    return "exit_codes" if isinstance(node.value, dict) else node.text.lower()


def _job(name: str, job: Node, root: Node, path: str) -> GitlabJob:
    trigger, when, services = job.get("trigger"), job.get("when"), job.get("services")
    project = trigger.get("project") if trigger is not None and isinstance(trigger.value, dict) else trigger
    branch = find(job, "trigger", "branch")
    inherit = find(job, "inherit", "default")
    tokens = [key for part in ("id_tokens", "secrets") for key, _ in (job.get(part) or _NOTHING).items()]
    return GitlabJob(
        name,
        job.line,
        _rules(job.get("rules"), root),
        job.get("rules") is not None,
        when.text if when is not None else "",
        _allowed(job.get("allow_failure")),
        find(job, "only", "changes") is not None,
        texts_of(job.get("variables"), path),
        tuple(tokens),
        tuple(use for service in (services or _NOTHING).elements() for use in list_of(service)),
        list_of(find(job, "artifacts", "reports", "dotenv")),
        job.get("before_script") is not None,
        not (inherit is not None and inherit.value is False),
        project.text if project is not None and isinstance(project.value, str) else "",
        branch.text if branch is not None else "",
        dict(job.key_lines or {}),
        tuple((node.line, key, list_of(node.get("aud"))) for key, node in (job.get("id_tokens") or _NOTHING).items()),
        tuple(text for node in (services or _NOTHING).elements() for key in ("command", "entrypoint") for text in list_of(node.get(key))),
        _deploys(job),
        tuple(_foreign(job.get("needs"))),
    )


def _deploys(job: Node) -> str:
    node = job.get("environment")
    if node is None or not isinstance(node.value, dict):
        return node.text if node is not None and node.value is not None else ""
    action, tier = node.get("action"), node.get("deployment_tier")
    if action is not None and action.text != "start":
        return ""
    named = tier or node.get("name")
    return named.text if named is not None else ""


def _foreign(needs: Node | None) -> Iterator[tuple[int, str]]:
    for node in needs.elements() if needs is not None and isinstance(needs.value, list) else ():
        project, ref, artifacts = (node.get(key) if isinstance(node.value, dict) else None for key in ("project", "ref", "artifacts"))
        if project is not None and (artifacts is None or artifacts.value is not False):
            yield node.line, f"{project.text}@{ref.text if ref is not None else ''}"
