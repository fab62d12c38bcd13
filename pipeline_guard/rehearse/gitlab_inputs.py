# SPDX-License-Identifier: Apache-2.0
"""Inputs of GitLab configuration: ``spec: inputs`` checked, ``$[[ inputs.NAME ]]`` replaced (docs.gitlab.com, "CI/CD inputs")."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_guard.errors import UsageError

_BLOCK = re.compile(r"\$\[\[\s*(?P<path>[\w.-]+)\s*(?P<functions>(?:\|[^\]]*)?)\]\]")
_TRUNCATE = re.compile(r"truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_KINDS: Mapping[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,), "array": (list,)}
_MAX_FUNCTIONS = 3


def settle(declared: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return every input's value; raise UsageError for what GitLab would refuse: missing, unknown, of another type, not an option."""
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise UsageError(f"{where}: unknown input {unknown[0]}", f"known are {', '.join(declared) or 'none'}")
    found = {}
    for name, spec in declared.items():
        terms: Mapping[str, Any] = spec if isinstance(spec, Mapping) else {}
        if name in given:
            value = given[name]
        elif "default" in terms:
            value = terms["default"]
        else:
            raise UsageError(f"{where}: the input {name} is missing", f"it has no default: write {name}: under inputs:")
        found[name] = _checked(name, value, terms, where, is_given=name in given)
    return found


def _checked(name: str, value: Any, terms: Mapping[str, Any], where: str, *, is_given: bool) -> Any:
    kind = str(terms.get("type") or "string")
    if value is None and not is_given:  # default: null
        return ""
    allowed = _KINDS.get(kind)
    if allowed is None:
        raise UsageError(f"{where}: the input {name} has an unknown type {kind}")
    if not isinstance(value, allowed) or (kind == "number" and isinstance(value, bool)):
        raise UsageError(f"{where}: the input {name} is no {kind}")
    options = terms.get("options")
    if isinstance(options, list) and value not in options:
        raise UsageError(f"{where}: the input {name} is {value!r}, not one of {', '.join(map(repr, options))}")
    pattern = terms.get("regex")
    if isinstance(pattern, str) and not re.search(pattern.replace("\\z", "\\Z"), str(value)):
        raise UsageError(f"{where}: the input {name} does not match {pattern}")
    return value


def interpolate(tree: Any, values: Mapping[str, Any], expand: Callable[[str], str]) -> Any:
    """Replace the blocks of every key and text of a tree; a text that is one block becomes its typed value."""
    if isinstance(tree, str):
        return _replaced(tree, values, expand)
    if isinstance(tree, list):
        return [interpolate(each, values, expand) for each in tree]
    if isinstance(tree, Mapping):
        return {str(_replaced(key, values, expand)): interpolate(each, values, expand) for key, each in tree.items()}
    return tree


def _replaced(text: str, values: Mapping[str, Any], expand: Callable[[str], str]) -> Any:
    if "$[[" not in text:
        return text
    whole = _BLOCK.fullmatch(text)
    if whole:
        return _value(whole, values, expand)
    return _BLOCK.sub(lambda found: _written(_value(found, values, expand)), text)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(found: re.Match[str], values: Mapping[str, Any], expand: Callable[[str], str]) -> Any:
    place: Any = values
    for part in found["path"].split("."):
        if not isinstance(place, Mapping) or part not in place:
            raise UsageError(f"unknown in $[[ ]]: {found['path'][:60]}", "write inputs.NAME")
        place = place[part]
    functions = [part.strip() for part in found["functions"].split("|") if part.strip()]
    if len(functions) > _MAX_FUNCTIONS:
        raise UsageError(f"more than {_MAX_FUNCTIONS} functions in $[[ {found['path']} ]]")
    for function in functions:
        cut = _TRUNCATE.fullmatch(function)
        if cut and isinstance(place, str):
            place = place[int(cut[1]) : int(cut[1]) + int(cut[2])]
        elif function == "expand_vars" and isinstance(place, str):
            place = expand(place)
        elif function == "posix_escape" and isinstance(place, str):
            place = re.sub(r"([^\w@%+=:,./-])", r"\\\1", place, flags=re.ASCII) or "''"
        else:
            raise UsageError(f"unknown function in $[[ {found['path']} ]]: {function[:40]}")
    return place
