# SPDX-License-Identifier: Apache-2.0
"""Whether an event starts a workflow: its name, and the filters of branches, tags and paths (GitHub "Workflow syntax")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache


def starts(filters: Mapping[str, Sequence[str]], *, branch: str, tag: str, changed: Sequence[str] | None) -> str:
    """Return "" where the filters let an event through, else the filter that does not.

    ``branch`` is the pushed branch or the pull request's target, "" for a tag; ``changed`` are paths, None where they are not known.
    """
    wanted, other = ("tags", "branches") if tag else ("branches", "tags")
    name = tag or branch
    has_own = wanted in filters or f"{wanted}-ignore" in filters
    has_other = other in filters or f"{other}-ignore" in filters
    if not has_own and has_other:
        return other  # a filter of one kind alone leaves the other kind out
    for word, patterns in ((wanted, filters.get(wanted)), (f"{wanted}-ignore", filters.get(f"{wanted}-ignore"))):
        if patterns is not None and chosen(patterns, name) is word.endswith("-ignore"):
            return word
    if changed is None or tag:
        return ""
    if "paths" in filters and not any(chosen(filters["paths"], path) for path in changed):
        return "paths"
    if "paths-ignore" in filters and changed and all(chosen(filters["paths-ignore"], path) for path in changed):
        return "paths-ignore"
    return ""


def chosen(patterns: Sequence[str], name: str) -> bool:
    """Tell whether patterns choose a name: the last that matches decides, one with ``!`` against it."""
    found = False
    for pattern in patterns:
        against = pattern.startswith("!")
        if _compiled(pattern[against:]).fullmatch(name):
            found = not against
    return found


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate a filter pattern: ``*`` and ``**``, ``?`` and ``+`` after a character, ``[]`` of letters and digits, and the backslash."""
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if pattern.startswith("**/", at):
            pieces.append("(?:.*/)?")
            at += 2
        elif pattern.startswith("**", at):
            pieces.append(".*")
            at += 1
        elif letter == "*":
            pieces.append("[^/]*")
        elif letter in "?+" and pieces and pieces[-1] not in (".*", "[^/]*", "?", "+"):
            pieces.append(letter)
        elif letter == "[" and (found := re.match(r"\[([A-Za-z0-9-]+)\]", pattern[at:])):
            pieces.append(f"[{found[1]}]")
            at += found.end() - 1
        elif letter == "\\" and at + 1 < len(pattern):
            at += 1
            pieces.append(re.escape(pattern[at]))
        else:
            pieces.append(re.escape(letter))
        at += 1
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error:  # a range that runs backwards
        return re.compile(re.escape(pattern))
