# SPDX-License-Identifier: Apache-2.0
"""What pipeline files say together: calls of each other, one lock for all, includes that are followed, comments that disagree."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import actions_lock
from pipeline_guard.gate.actions_lock import ActionsLock, normal
from pipeline_guard.gate.ci_facts import Call, Conflict, GitlabFacts, ImageFacts, Script, ScriptFacts, Use, WorkflowFacts
from pipeline_guard.gate.ci_file import action, github, gitlab
from pipeline_guard.gate.facts import Facts, Kind, LockFacts
from pipeline_guard.gate.glob import matches
from pipeline_guard.gate.untrusted import Taint
from pipeline_guard.model.verdict import Unchecked

_INCLUDES = 1000  # of one file
_WILDCARDS = 4  # of one include; each more lets matching take much longer
MAX_FOLLOWED = 150  # includes of one pipeline, as GitLab allows
LOCKS = (".github/workflows/actions.lock", ".github/actions.lock", "actions.lock")
_VERSION = re.compile(r"v?\d+(?:\.\d+){0,2}(?:[-+.]\w[\w.+-]*)?")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_T = TypeVar("_T")
Found = tuple[Kind, Facts | Unchecked]


@dataclass(frozen=True, slots=True)
class PipelineFiles:
    """Workflows, actions, locks and other YAML files of the whole tree: path to content."""

    workflows: dict[str, bytes] = field(default_factory=dict)
    actions: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, bytes] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)


def related(found: Iterable[tuple[Kind, Facts]], files: PipelineFiles, changed: frozenset[str] | None) -> Iterator[Found]:
    """Give the facts again, those of pipelines with what other files add to them, and the facts that only all of them give."""
    listed = list(found)
    workflows = {item.path: item for _, item in listed if isinstance(item, WorkflowFacts)}
    everything = dict(_parsed(files, workflows)) | workflows
    path = next((name for name in LOCKS if name in files.locks), "")
    locked = _tried(actions_lock.parse, files.locks[path], path) if path else None
    touched = changed is None or path in changed or bool(workflows)
    if isinstance(locked, Unchecked):
        yield Kind.ACTIONS_LOCK, locked
    elif locked is not None and touched:
        used = tuple((name, tuple((use.line, use.target) for use in facts.uses)) for name, facts in sorted(everything.items()))
        yield Kind.ACTIONS_LOCK, LockFacts(locked, used, frozenset(everything))
    lock = locked if isinstance(locked, ActionsLock) else None
    calls = _calls(everything)
    conflicts = _conflicts(everything.values())
    callers = {call.place.rpartition(":")[0] for each in calls.values() for call in each}
    for name in calls:
        if name not in workflows and callers & set(workflows):  # a changed file hands untrusted text to one that did not change
            workflows[name] = everything[name]
            listed.append((Kind.WORKFLOW, everything[name]))
    for kind, item in listed:
        if isinstance(item, WorkflowFacts):
            item = replace(item, calls=calls.get(item.path, ()), conflicts=conflicts.get(item.path, ()), locked=_locked(item, lock))
            yield from _derived(item.path, item.images, [Script(s.job, s.run_line or s.line, s.run) for s in item.steps if s.run])
        yield kind, item
    yield from _gitlab([item for _, item in listed if isinstance(item, GitlabFacts)], files, changed)


def _parsed(files: PipelineFiles, known: Mapping[str, WorkflowFacts]) -> Iterator[tuple[str, WorkflowFacts]]:
    for contents, parse in ((files.workflows, github), (files.actions, action)):
        for path, content in contents.items():
            facts = _tried(parse, content, path) if path not in known else None
            if facts is not None and not isinstance(facts, Unchecked):
                yield path, facts


def _tried(parse: Callable[[bytes, str], _T], content: bytes, path: str) -> _T | Unchecked:
    try:
        return parse(content, path)
    except UsageError as error:
        return Unchecked(path, error.what)


def _derived(path: str, uses: tuple[Use, ...], scripts: list[Script]) -> Iterator[Found]:
    if uses:
        yield Kind.IMAGE, ImageFacts(path, uses)
    if scripts:
        yield Kind.SCRIPT, ScriptFacts(path, tuple(scripts))


def _locked(facts: WorkflowFacts, lock: ActionsLock | None) -> frozenset[str]:
    pins = lock.workflows.get(facts.path, ()) if lock is not None else ()
    return frozenset(
        use.target.lower() for use in facts.uses if normal(use.target) in pins and lock is not None and lock.commit(use.target)
    )


def _calls(everything: Mapping[str, WorkflowFacts]) -> dict[str, tuple[Call, ...]]:
    """Return for each local action and workflow the inputs that other files fill with outsiders' text."""
    found: dict[str, tuple[Call, ...]] = {}
    for _ in range(3):  # an action may hand it on to another one
        before = found
        found = {}
        for facts in everything.values():
            taint = Taint(replace(facts, calls=before.get(facts.path, ())))
            for step in facts.steps:
                callee = _callee(step.uses, facts.path, everything) if step.uses.startswith(("./", "$/")) else ""
                for name, text in step.inputs.items() if callee else ():
                    source = taint.source(text, step.job, step.environment)
                    if source:
                        call = Call(name, f"{facts.path}:{step.lines.get(name, step.line)}", source)
                        found[callee] = (*found.get(callee, ()), call)
        if found == before:
            break
    return found


def _callee(target: str, caller: str, everything: Mapping[str, WorkflowFacts]) -> str:
    place = posixpath.normpath(target[2:] or ".")
    names = (place, posixpath.join(place, "action.yml"), posixpath.join(place, "action.yaml"))
    return next((posixpath.normpath(name) for name in names if posixpath.normpath(name) in everything and name != caller), "")


def _conflicts(everything: Iterable[WorkflowFacts]) -> dict[str, tuple[Conflict, ...]]:
    """Return pins of one repository with the same version in the comment and different commits, and refs beside another version."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    found: dict[str, tuple[Conflict, ...]] = {}
    for facts in sorted(everything, key=lambda each: each.path):
        for use in facts.uses:
            repository, _, ref = normal(use.target).partition("@")
            version = use.comment.split(" ", maxsplit=1)[0].removeprefix("tag=")
            if not ref or use.kind not in ("action", "workflow") or not _VERSION.fullmatch(version):
                continue
            how = f"git ls-remote https://github.com/{repository} '{version}^{{}}' {version}"
            if not _COMMIT.fullmatch(ref):
                if _VERSION.fullmatch(ref) and not _agree(ref, version):
                    found[facts.path] = (*found.get(facts.path, ()), Conflict(use.line, f"{use.target} and the comment {version}", how))
                continue
            commit, place = first.setdefault((repository, version), (ref, f"{facts.path}:{use.line}"))
            if commit != ref and version.count(".") == 2:  # v4 moves on; v4.1.2 must not
                what = f"{repository} {version} here and at {place}"
                found[facts.path] = (*found.get(facts.path, ()), Conflict(use.line, what, how))
    return found


def _agree(ref: str, version: str) -> bool:
    short, long = sorted((ref.removeprefix("v"), version.removeprefix("v")), key=len)
    return long == short or long.startswith(short + ".")


def _gitlab(found: list[GitlabFacts], files: PipelineFiles, changed: frozenset[str] | None) -> Iterator[Found]:
    """Give what GitLab files name and run, their local includes of any name followed."""
    known = {facts.path for facts in found}
    waiting = list(found)
    followed = 0
    while waiting:
        facts = waiting.pop(0)
        yield from _derived(facts.path, tuple(_filled(use, facts.variables) for use in facts.images), list(facts.scripts))
        for include in facts.includes[:_INCLUDES]:
            wanted = include.target.lstrip("/")
            if include.kind == "local" and wanted.count("*") > _WILDCARDS:
                why = f"its include at line {include.line} has more than {_WILDCARDS} wildcards and was not followed"
                yield Kind.GITLAB, Unchecked(facts.path, why)
                continue
            names = [name for name in files.others if matches(name, wanted)] if include.kind == "local" and "?" not in wanted else []
            for name in names:
                if name in known or followed >= MAX_FOLLOWED:
                    continue
                known.add(name)
                followed += 1
                item = _tried(gitlab, files.others[name], name)
                touched = changed is None or name in changed
                if touched:
                    yield Kind.GITLAB, item
                if isinstance(item, GitlabFacts) and touched:
                    waiting.append(item)


def _filled(use: Use, variables: Mapping[str, str]) -> Use:
    text = use.target
    for _ in range(3):
        text = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), text)[:1000]
    return replace(use, target=text)
