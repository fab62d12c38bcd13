# SPDX-License-Identifier: Apache-2.0
"""What a doctor says: each line is in order, a fix, or why nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Health(Enum):
    """The three answers."""

    OK = "ok"
    FIX = "fix"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line about one area: what is, and the command or edit that mends it (for ``FIX``)."""

    area: str
    health: Health
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A folder: whether it is there and ours, its permission bits, the free bytes of its disk, and whether we may write there.

    For a missing one, all but the first are of its nearest parent.
    """

    there: bool
    ours: bool
    mode: int
    free: int
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Clone:
    """The repository around the work tree: its top, the host of its remote ("" for none), its default branch, and whether it is shallow."""

    root: str
    host: str
    branch: str
    shallow: bool
