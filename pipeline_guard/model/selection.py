# SPDX-License-Identifier: Apache-2.0
"""Which texts to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """The five ways to choose texts."""

    TREE = "tree"
    STAGED = "staged"
    RANGE = "range"
    HISTORY = "history"
    STDIN = "stdin"


@dataclass(frozen=True, slots=True)
class CommitRange:
    """A range that was checked: full ids of both ends, and how many commits ``head`` has that ``base`` has not.

    Where ``pushed`` holds ids, the range is what these reach and no ref does yet; ``head`` is the first of them, ``base`` "".
    """

    base: str
    head: str
    commits: int
    pushed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """A scope with its bounds: ``paths`` for the tree, ``revisions`` (BASE..HEAD) for a range.

    ``resolved`` is the range where somebody checked it already. ``dangling`` asks a history for objects that no ref
    reaches, too. ``exclude`` are globs over relative paths; a file over ``max_bytes`` is given as unchecked,
    a text in parts where ``parts`` says so.
    """

    scope: Scope
    paths: tuple[str, ...] = ()
    revisions: str = ""
    exclude: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    resolved: CommitRange | None = None
    dangling: bool = False
    parts: bool = False
