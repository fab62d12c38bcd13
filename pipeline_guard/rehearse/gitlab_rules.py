# SPDX-License-Identifier: Apache-2.0
"""Whether a job, an include or a whole pipeline takes part: ``rules``, ``workflow: rules``, and the older ``only`` and ``except``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline_guard.rehearse.gitlab_condition import holds, unknown
from pipeline_guard.rehearse.gitlab_config import expanded, lines, texts

_ALWAYS_CHANGED = ("schedule", "web", "api", "trigger", "pipeline")
_MAX_COMPARED = 50_000  # pairs of files and patterns


@dataclass(frozen=True, slots=True)
class Ground:
    """What rules can ask: variables, the change's paths (None: not known) and whether files match patterns."""

    variables: Mapping[str, str]
    changed: Sequence[str] | None
    there: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """How something takes part: ``when`` is "never" where it does not. ``allowed`` is allow_failure as written, None where unsaid.

    ``perhaps`` names the variables by which it may take part that does not here, "" where there are none.
    """

    when: str
    allowed: Any = None
    variables: Mapping[str, str] = field(default_factory=dict)
    perhaps: str = ""


def of_rules(rules: Any, ground: Ground, when: str = "on_success") -> Part:
    """Return what the first rule that holds says; without any, nothing takes part."""
    flat = _flat(rules)
    taken = next((rule for rule in flat if _holds(rule, ground)), None)
    found = _part(taken, when) if taken is not None else Part("never")
    if found.when != "never":
        return found
    # what a project's settings may make of it
    for rule in flat[: flat.index(taken)] if taken is not None else flat:
        names = unknown(str(rule.get("if")), ground.variables) if rule.get("if") is not None else []
        if names and _holds({**rule, "if": None}, ground) and _part(rule, when).when != "never":
            return replace(_part(rule, when), perhaps=", ".join(f"${name}" for name in names))
    return found


def _part(rule: Mapping[str, Any], when: str) -> Part:
    return Part(str(rule.get("when") or when), rule.get("allow_failure"), texts(rule.get("variables")))


def of_job(job: Mapping[str, Any], ground: Ground, *, has_workflow_rules: bool) -> Part:
    """Return how a job takes part."""
    when = str(job.get("when") or "on_success")
    if job.get("rules") is not None:
        return of_rules(job["rules"], ground, when)
    only, without = job.get("only"), job.get("except")
    if only is None and without is None:
        # NOTE: the default is `only: [branches, tags]`, unless the pipeline has rules of its own
        merge_request = ground.variables.get("CI_PIPELINE_SOURCE") == "merge_request_event"
        return Part("never" if merge_request and not has_workflow_rules else when)
    if not _legacy(only if only is not None else ["branches", "tags"], ground) or (without is not None and _legacy(without, ground)):
        return Part("never")
    return Part(when)


def _flat(rules: Any) -> list[Mapping[str, Any]]:
    if isinstance(rules, list):
        return [rule for each in rules for rule in _flat(each)]
    return [rules] if isinstance(rules, Mapping) else []


def _holds(rule: Mapping[str, Any], ground: Ground) -> bool:
    condition = rule.get("if")
    if condition is not None and not holds(str(condition), ground.variables):
        return False
    if rule.get("changes") is not None and not _changes(rule["changes"], ground):
        return False
    if rule.get("exists") is not None:
        wanted = rule["exists"]
        patterns = lines(wanted.get("paths") if isinstance(wanted, Mapping) else wanted)
        return any(ground.there(expanded(pattern, ground.variables)) for pattern in patterns)
    return True


def _changes(wanted: Any, ground: Ground) -> bool:
    if ground.changed is None or "CI_COMMIT_TAG" in ground.variables or ground.variables.get("CI_PIPELINE_SOURCE") in _ALWAYS_CHANGED:
        return True  # where nothing is compared, GitLab takes everything as changed
    patterns = [expanded(each, ground.variables) for each in lines(wanted.get("paths") if isinstance(wanted, Mapping) else wanted)]
    if len(patterns) * len(ground.changed) > _MAX_COMPARED:
        return True
    compiled = [glob(pattern) for pattern in patterns]
    return any(each.fullmatch(path) for each in compiled for path in ground.changed)


def glob(pattern: str) -> re.Pattern[str]:
    """Translate a path pattern as Ruby's File.fnmatch with pathnames, dotfiles and alternatives reads it."""
    pieces: list[str] = []
    at, depth = 0, 0
    while at < len(pattern):
        letter = pattern[at]
        if pattern.startswith("**/", at):
            pieces.append("(?:[^/]+/)*")
            at += 2
        elif letter == "*":
            pieces.append("[^/]*")
            at += pattern.startswith("**", at)
        elif letter == "?":
            pieces.append("[^/]")
        elif letter == "{" and "}" in pattern[at:]:
            pieces.append("(?:")
            depth += 1
        elif letter == "}" and depth:
            pieces.append(")")
            depth -= 1
        elif letter == "," and depth:
            pieces.append("|")
        elif letter == "[" and (found := re.match(r"\[([!^]?)([\w-]+)\]", pattern[at:])):
            pieces.append(f"[{'^' if found[1] else ''}{found[2]}]")
            at += found.end() - 1
        else:
            pieces.append(re.escape(letter))
        at += 1
    try:
        return re.compile("".join(pieces) + ")" * depth, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def _legacy(wanted: Any, ground: Ground) -> bool:
    """Tell whether ``only`` or ``except`` names this pipeline."""
    if isinstance(wanted, Mapping):
        parts = []
        if wanted.get("refs") is not None:
            parts.append(_named(lines(wanted["refs"]), ground.variables))
        if wanted.get("variables") is not None:
            parts.append(any(holds(each, ground.variables) for each in lines(wanted["variables"])))
        if wanted.get("changes") is not None:
            parts.append(_changes(wanted["changes"], ground))
        return all(parts)
    return _named(lines(wanted), ground.variables)


def _named(names: Sequence[str], variables: Mapping[str, str]) -> bool:
    source, ref = variables.get("CI_PIPELINE_SOURCE", ""), variables.get("CI_COMMIT_REF_NAME", "")
    merge_request = source == "merge_request_event"
    kinds = {
        "branches": "CI_COMMIT_BRANCH" in variables,
        "tags": "CI_COMMIT_TAG" in variables,
        "merge_requests": merge_request,
        "schedules": source == "schedule",
        "pushes": source == "push",
        "web": source == "web",
        "api": source == "api",
        "triggers": source == "trigger",
    }
    for name in names:
        pattern = re.fullmatch(r"/(.+)/(i?)", name)
        if name in kinds:
            found = kinds[name]
        elif merge_request:
            found = False
        elif pattern:
            found = holds(f"$CI_COMMIT_REF_NAME =~ {name}", variables)
        else:
            found = name == ref
        if found:
            return True
    return False
