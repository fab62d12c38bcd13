# SPDX-License-Identifier: Apache-2.0
"""A GitLab configuration put together: includes merged, ``extends`` and ``!reference`` resolved, defaults handed down, variables expanded.

Works on plain trees (docs.gitlab.com, "CI/CD YAML syntax reference"); reading files is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_guard.errors import UsageError

GLOBAL = frozenset(
    ("after_script", "before_script", "cache", "default", "image", "include", "services", "spec", "stages", "variables", "workflow")
)
DEFAULT_STAGES = ("build", "test", "deploy")
_DEFAULTS = (
    "after_script", "artifacts", "before_script", "cache", "hooks", "id_tokens", "identity", "image", "interruptible", "retry", "services",
    "tags", "timeout",
)  # fmt: skip
_MAX_EXTENDS = 11
_MAX_REFERENCES = 10
_MAX_EXPANSIONS = 20
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")

Tree = dict[str, Any]


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Tree:
    """Merge two mappings, deeply; the upper wins, lists are replaced."""
    found = dict(below)
    for key, value in above.items():
        known = found.get(key)
        found[key] = merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return found


def jobs(config: Tree, where: str) -> dict[str, Tree]:
    """Return every job that is not hidden, complete; raise UsageError for what GitLab would refuse."""
    found = {}
    for name, job in config.items():
        if name in GLOBAL or name.startswith(".") or not isinstance(job, Mapping):
            continue
        whole = _referenced(_extended(name, config, where, 0), config, where, 0)
        found[name] = _with_defaults(whole, config)
        if isinstance(found[name].get("rules"), list):  # a reference in a list of rules stands for several
            found[name]["rules"] = _flat(found[name]["rules"])
    return found


def _flat(rules: list[Any]) -> list[Any]:
    return [rule for each in rules for rule in (_flat(each) if isinstance(each, list) else [each])]


def _extended(name: str, config: Tree, where: str, depth: int) -> Tree:
    job = config.get(name)
    if not isinstance(job, Mapping):
        raise UsageError(f"{where}: a job extends {name}, which is not there")
    if depth >= _MAX_EXTENDS:
        raise UsageError(f"{where}: {name}: extends over more than {_MAX_EXTENDS} levels, or in a circle")
    parents = job.get("extends") or []
    found: Tree = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        found = merged(found, _extended(str(parent), config, where, depth + 1))
    return {key: value for key, value in merged(found, job).items() if key != "extends"}


def _referenced(tree: Any, config: Tree, where: str, depth: int) -> Any:
    """Replace what ``!reference [job, key]`` stands for.

    NOTE: the tag itself is gone by now; no other list holds a job's name and then a key of it.
    """
    if depth > _MAX_REFERENCES:
        raise UsageError(f"{where}: references over more than {_MAX_REFERENCES} levels, or in a circle")
    if isinstance(tree, list):
        if len(tree) > 1 and all(isinstance(part, str) for part in tree):
            place: Any = config
            for part in tree:
                place = place.get(part) if isinstance(place, Mapping) else None
            if place is not None:
                return _referenced(place, config, where, depth + 1)
        return [_referenced(each, config, where, depth) for each in tree]
    if isinstance(tree, Mapping):
        return {key: _referenced(value, config, where, depth) for key, value in tree.items()}
    return tree


def _with_defaults(job: Tree, config: Tree) -> Tree:
    inherit = job.get("inherit")
    chosen = inherit.get("default", True) if isinstance(inherit, Mapping) else True
    given = config.get("default")
    defaults = {key: config[key] for key in ("image", "services", "cache", "before_script", "after_script") if key in config}
    defaults |= given if isinstance(given, Mapping) else {}
    allowed = chosen if isinstance(chosen, list) else _DEFAULTS if chosen else ()
    return {key: value for key, value in defaults.items() if key in allowed and key in _DEFAULTS} | job


def lines(script: Any) -> list[str]:
    """Return the entries of a script; lists in it are flattened."""
    if script is None:
        return []
    if isinstance(script, list):
        return [line for each in script for line in lines(each)]
    return [str(script)]


def stages(config: Tree) -> list[str]:
    """Return the stages in order."""
    given = config.get("stages")
    named = [str(each) for each in lines(given)] if given is not None else list(DEFAULT_STAGES)
    return [".pre", *(name for name in named if name not in (".pre", ".post")), ".post"]


def texts(variables: Any) -> dict[str, str]:
    """Return variables as texts: a value by itself, or with description and options."""
    found = {}
    for name, value in variables.items() if isinstance(variables, Mapping) else ():
        plain = value.get("value", "") if isinstance(value, Mapping) else value
        found[str(name)] = "true" if plain is True else "false" if plain is False else "" if plain is None else str(plain)
    return found


def raw_names(variables: Any) -> set[str]:
    """Return the variables that are not to be expanded."""
    pairs = variables.items() if isinstance(variables, Mapping) else ()
    return {str(name) for name, value in pairs if isinstance(value, Mapping) and value.get("expand") is False}


def job_variables(predefined: Mapping[str, str], config: Tree, job: Tree, *more: Mapping[str, str]) -> dict[str, str]:
    """Return a job's variables, expanded: predefined below the file's, below the job's, below those of its rules."""
    inherit = job.get("inherit")
    chosen = inherit.get("variables", True) if isinstance(inherit, Mapping) else True
    shared = texts(config.get("variables"))
    if chosen is False:
        shared = {}
    elif isinstance(chosen, list):
        shared = {name: value for name, value in shared.items() if name in chosen}
    found: dict[str, str] = {**predefined, **shared, **texts(job.get("variables"))}
    for each in more:
        found |= each
    raw = raw_names(config.get("variables")) | raw_names(job.get("variables"))
    return {name: value if name in raw else expanded(value, found) for name, value in found.items()}


def expanded(text: str, variables: Mapping[str, str], depth: int = 0) -> str:
    """Replace ``$NAME`` and ``${NAME}``; what is not known becomes empty, ``$$`` is a dollar sign."""

    def replace(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        value = variables.get(found[2] or found[3], "")
        return expanded(value, variables, depth + 1) if "$" in value and depth < _MAX_EXPANSIONS else value

    return _VARIABLE.sub(replace, text)[:1_000_000] if "$" in text else text


def ordered(found: Mapping[str, Tree], order: Sequence[str], where: str) -> list[str]:
    """Return the jobs' names, stage by stage; raise UsageError for a stage that is not there."""
    for name, job in found.items():
        if job.get("stage", "test") not in order:
            raise UsageError(f"{where}: the job {name} has a stage that is not there: {job.get('stage')}", "add it to stages:")
    return sorted(found, key=lambda name: order.index(found[name].get("stage", "test")))
