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
class Selection:
    """A scope with its bounds: ``paths`` for the tree, ``revisions`` (BASE..HEAD) for a range.

    ``exclude`` are globs over relative paths; a file over ``max_bytes`` is given as unchecked.
    ``dangling`` adds to a history what no ref reaches any more.
    """

    scope: Scope
    paths: tuple[str, ...] = ()
    revisions: str = ""
    exclude: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    dangling: bool = False
